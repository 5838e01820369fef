/// One shard: the part of the partition keys that it covers, and its records in order.
struct ShardLog: Sendable {
    let id: String
    let parentID: String?
    /// Hashes of the partition keys whose changes land here.
    let range: ClosedRange<UInt64>
    let startingSequenceNumber: UInt128
    /// When it was opened and closed: milliseconds since 1970 UTC.
    let openedAt: Int64
    private(set) var closedAt: Int64?
    /// Nil while the shard is open.
    private(set) var endingSequenceNumber: UInt128?
    /// The newest record that retention or a test has taken away.
    private(set) var lastTrimmed: UInt128?
    private var log: [LoggedRecord] = []
    /// Records before this index are gone.
    private var head = 0

    init(id: String, parentID: String?, range: ClosedRange<UInt64>, startingSequenceNumber: UInt128, openedAt: Int64) {
        self.id = id
        self.parentID = parentID
        self.range = range
        self.startingSequenceNumber = startingSequenceNumber
        self.openedAt = openedAt
    }

    var isOpen: Bool { endingSequenceNumber == nil }

    /// The records that can still be read.
    var records: ArraySlice<LoggedRecord> { log[head...] }

    mutating func append(_ record: LoggedRecord) {
        log.append(record)
    }

    mutating func close(endingSequenceNumber: UInt128, at time: Int64) {
        guard isOpen else { return }
        self.endingSequenceNumber = endingSequenceNumber
        closedAt = time
    }

    /// The records numbered `from` and later.
    func records(from: UInt128) -> ArraySlice<LoggedRecord> {
        var low = head
        var high = log.count
        while low < high {
            let middle = (low + high) / 2
            if log[middle].sequenceNumber < from { low = middle + 1 } else { high = middle }
        }
        return log[low...]
    }

    /// Up to `count` records numbered below `from`, in order.
    func records(before from: UInt128, count: Int) -> ArraySlice<LoggedRecord> {
        let first = records(from: from).startIndex
        return log[max(head, first - count)..<first]
    }

    /// Takes away the oldest records until `count` are left.
    mutating func trim(to count: Int) {
        var surplus = log.count - head - count
        trim { _ in
            surplus -= 1
            return surplus >= 0
        }
    }

    /// Takes away the records for which `isOld` holds, from the front on.
    mutating func trim(while isOld: (LoggedRecord) -> Bool) {
        while head < log.count, isOld(log[head]) {
            lastTrimmed = log[head].sequenceNumber
            head += 1
        }
        if head > log.count / 2 {
            log.removeFirst(head)
            head = 0
        }
    }
}
