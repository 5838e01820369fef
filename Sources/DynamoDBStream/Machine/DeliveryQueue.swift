import DynamoDBClient
import TableModel

/// The records between the service and the consumer: those that wait to be delivered, in order, those that are with the consumer,
/// and those that a replay holds back.
struct DeliveryQueue: Sendable {
    /// A part of a delivery that the consumer has taken.
    enum Taken: Sendable {
        /// Records of a shard up to this one. `isPage` is false while more of their page are left.
        case records(shardID: String, last: SequenceNumber?, isPage: Bool)
        case ended(shardID: String)
    }

    private struct HeldPages: Sendable {
        var pages: [[StreamRecord]] = []
        var bytes = 0
    }

    private var items: [DeliveryItem] = []
    /// How many items are with the consumer.
    private var itemsOut = 0
    /// Pages of all shards that wait for the consumer or are with it.
    private(set) var queuedPages = 0
    private var queuedByShard: [String: Int] = [:]
    /// The pages that replays have read. The consumer gets all of a shard when its replay reaches the head.
    private var held: [String: HeldPages] = [:]
    private(set) var heldBytes = 0

    var isEmpty: Bool { items.isEmpty }

    func queuedPages(of shardID: String) -> Int { queuedByShard[shardID] ?? 0 }

    func holdsPages(of shardID: String) -> Bool { held[shardID] != nil }

    // MARK: In

    mutating func add(_ shards: [Shard]) { items.append(.added(shards)) }

    mutating func end(_ shardID: String) { items.append(.ended(shardID: shardID)) }

    mutating func queue(_ records: [StreamRecord], of shardID: String) {
        queuedPages += 1
        queuedByShard[shardID, default: 0] += 1
        items.append(.records(shardID: shardID, records))
    }

    mutating func hold(_ records: [StreamRecord], of shardID: String) {
        let bytes = records.reduce(0) { $0 + $1.approximateBytes }
        heldBytes += bytes
        held[shardID, default: HeldPages()].pages.append(records)
        held[shardID]?.bytes += bytes
    }

    /// Queues the held pages of a shard: its replay has reached the head, or there are no more of them.
    mutating func releaseHeld(of shardID: String) {
        for records in takeHeld(shardID) { queue(records, of: shardID) }
        items.append(.replayed(shardID: shardID))
    }

    /// Drops the held pages of a shard, which will be read again. Returns how many they were.
    mutating func dropHeld(of shardID: String) -> Int { takeHeld(shardID).count }

    private mutating func takeHeld(_ shardID: String) -> [[StreamRecord]] {
        guard let pages = held.removeValue(forKey: shardID) else { return [] }
        heldBytes -= pages.bytes
        return pages.pages
    }

    // MARK: Out

    /// Everything that waits, if the consumer has nothing yet.
    mutating func next() -> StreamDelivery? {
        guard itemsOut == 0, !items.isEmpty else { return nil }
        itemsOut = items.count
        return StreamDelivery(items: items)
    }

    /// Removes what the consumer has taken, and says what that was, in order. The rest is delivered again.
    mutating func settle(_ outcome: DeliveryOutcome) -> [Taken] {
        let whole: Int
        let partial: Int
        switch outcome {
        case .taken: (whole, partial) = (itemsOut, 0)
        case .stopped(let items, let records, _): (whole, partial) = (min(items, itemsOut), records)
        }
        itemsOut = 0
        var taken = items.prefix(whole).compactMap(Self.taken)
        items.removeFirst(whole)
        guard partial > 0, case .records(let shardID, let records) = items.first else { return taken }
        let rest = Array(records.dropFirst(partial))
        let last = records.prefix(partial).last?.sequenceNumber
        taken.append(.records(shardID: shardID, last: last, isPage: rest.isEmpty))
        if rest.isEmpty { items.removeFirst() } else { items[0] = .records(shardID: shardID, rest) }
        return taken
    }

    private static func taken(_ item: DeliveryItem) -> Taken? {
        switch item {
        case .added, .replayed: nil
        case .records(let shardID, let records):
            .records(shardID: shardID, last: records.last?.sequenceNumber, isPage: true)
        case .ended(let shardID): .ended(shardID: shardID)
        }
    }

    /// A page of the shard has left the queue.
    mutating func releasePage(of shardID: String) {
        queuedPages -= 1
        let left = queuedPages(of: shardID) - 1
        queuedByShard[shardID] = left > 0 ? left : nil
    }

    /// The delivery in progress was abandoned: nothing of it is taken.
    mutating func abandon() { itemsOut = 0 }
}

extension StreamRecord {
    /// About what the record takes in memory.
    fileprivate var approximateBytes: Int {
        256 + keys.packed.count + (newImage?.packed.count ?? 0) + (oldImage?.packed.count ?? 0)
    }
}
