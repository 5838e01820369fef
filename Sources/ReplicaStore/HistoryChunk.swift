/// Some steps in a row, in one allocation that only ever grows at its end.
///
/// The writer adds behind what any snapshot knows of, and a snapshot says itself up to which seq it may read: so nothing that a
/// reader looks at is ever written again. Each entry holds a reference to both its records.
//
// Unchecked, because plain memory is shared: entries up to a snapshot's head were written before the snapshot was published
// (its lock orders the two), and the writer touches none of them afterwards.
final class HistoryChunk: @unchecked Sendable {
    /// Steps of a chunk at most.
    static let capacity = 1024
    /// Bytes of an entry without its record.
    static let entryBytes = MemoryLayout<Entry>.stride

    private struct Entry {
        let new: Unmanaged<RecordStorage>
        let old: Unmanaged<RecordStorage>?
    }

    /// The seq of the first entry.
    let first: UInt64
    private let entries: UnsafeMutablePointer<Entry>
    /// For the writer alone, as is `bytes`.
    private(set) var count = 0
    /// Bytes that the entries keep in memory.
    private(set) var bytes = 0

    init(first: UInt64) {
        self.first = first
        entries = .allocate(capacity: Self.capacity)
    }

    deinit {
        for index in 0..<count {
            entries[index].new.release()
            entries[index].old?.release()
        }
        entries.deallocate()
    }

    /// Adds the step that follows the last one; there must be room.
    func append(new: RecordStorage, old: RecordStorage?) {
        precondition(count < Self.capacity, "a full chunk takes no more steps")
        (entries + count).initialize(to: Entry(new: .passRetained(new), old: old.map(Unmanaged.passRetained)))
        count += 1
        // The new record is the store's until a later step replaces it, which counts it as its old one. A tombstone may be
        // forgotten by the store before that.
        bytes += Self.entryBytes + (old?.allocatedBytes ?? 0) + (new.isTombstone ? new.allocatedBytes : 0)
    }

    /// The step at `index`, which the caller's snapshot knows to be there.
    func step(_ index: Int) -> ChangeStep {
        let entry = entries[index]
        return ChangeStep(
            new: ItemRecord(storage: entry.new.takeUnretainedValue()),
            old: entry.old.map { ItemRecord(storage: $0.takeUnretainedValue()) }
        )
    }
}

extension RecordStorage {
    /// Bytes of the allocation: the object's header, the record's, the bytes, and the allocator's rounding.
    var allocatedBytes: Int {
        let header = header
        return (16 + 24 + header.versionCount + header.keyCount + header.itemCount + 8 + 15) & ~15
    }
}
