import DequeModule

/// Work that waits, handed out fairly: the addresses in a ring, and the work of each address first come, first served.
///
/// Each address has a quantum of time a round. What its work took longer is taken from its next rounds, so one address with a
/// hundred costly connections gets as much time as one with a single cheap one (deficit round robin, Shreedhar and Varghese,
/// 1995). An address without waiting work is forgotten, with what it owes.
struct FairQueue<Element> {
    /// One address: its work in order, and the time that it may still use in this round.
    private struct Lane {
        var address: UInt64
        var elements = FIFOQueue<Element>()
        var credit: Int64
    }

    private let quantum: Int64
    private var lanes: [Lane] = []
    /// Lanes without an address, to be used again.
    private var free: [Int] = []
    private var laneOfAddress: [UInt64: Int] = [:]
    /// The lanes in the order of their turns.
    private var ring = FIFOQueue<Int>()
    /// Elements that wait.
    private(set) var count = 0

    /// `quantum` is the time of one address in one round, in nanoseconds.
    init(quantum: Int64) {
        precondition(quantum > 0, "a round without time would never end")
        self.quantum = quantum
    }

    var isEmpty: Bool { count == 0 }
    /// Addresses that have work, and at most one that has just lost its last.
    var addressCount: Int { ring.count }

    /// Adds work of an address, behind all that it has.
    mutating func append(_ element: Element, address: UInt64) {
        let lane = laneOfAddress[address] ?? makeLane(address)
        lanes[lane].elements.append(element)
        count += 1
    }

    /// The work whose turn it is; `charge` says afterwards what it took.
    mutating func next() -> Element? {
        while count > 0, let lane = ring.first {
            if lanes[lane].elements.isEmpty {
                dropFirstLane()
            } else if lanes[lane].credit > 0 {
                count -= 1
                return lanes[lane].elements.popFirst()
            } else if ring.count == 1 {
                // Alone, it owes nobody.
                lanes[lane].credit = quantum
            } else {
                lanes[lane].credit += quantum
                _ = ring.popFirst()
                ring.append(lane)
            }
        }
        return nil
    }

    /// The work that `next` gave last took so many nanoseconds. At least a microsecond is charged, so that every turn ends.
    mutating func charge(_ nanoseconds: Int64) {
        guard let lane = ring.first else { return }
        lanes[lane].credit -= max(1_000, nanoseconds)
    }

    private mutating func makeLane(_ address: UInt64) -> Int {
        let lane: Int
        if let reused = free.popLast() {
            lane = reused
            lanes[lane].address = address
            lanes[lane].credit = quantum
        } else {
            lane = lanes.count
            lanes.append(Lane(address: address, credit: quantum))
        }
        laneOfAddress[address] = lane
        ring.append(lane)
        return lane
    }

    private mutating func dropFirstLane() {
        guard let lane = ring.popFirst() else { return }
        laneOfAddress[lanes[lane].address] = nil
        free.append(lane)
    }
}

/// A queue that gives a large buffer back once it has run empty.
struct FIFOQueue<Element> {
    /// Elements for which an empty queue keeps its buffer.
    private static var keptCapacity: Int { 16_384 }

    private var elements = Deque<Element>()
    /// The most elements since the buffer was made.
    private var peak = 0

    var count: Int { elements.count }
    var isEmpty: Bool { elements.isEmpty }
    var first: Element? { elements.first }

    mutating func append(_ element: Element) {
        elements.append(element)
        peak = max(peak, elements.count)
    }

    mutating func popFirst() -> Element? {
        let element = elements.popFirst()
        if elements.isEmpty, peak > Self.keptCapacity {
            elements = Deque()
            peak = 0
        }
        return element
    }
}
