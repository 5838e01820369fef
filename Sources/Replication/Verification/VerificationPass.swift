import DynamoDBClient
import ReplicaStore
import Synchronization
import TableModel

/// One comparison of the whole table with the replica.
final class VerificationPass: Sendable {
    let epoch: Epoch
    /// Records that had been skipped when it began.
    let skippedRecords: Int
    /// Items that the replica got after this seq need not be in the scan.
    private let startSeq: UInt64
    private let seen: Mutex<BloomFilter>
    private let skipped = Atomic<Int>(0)
    private let open = Atomic<Int>(0)

    /// Begins at `snapshot`. `random`, from 0 to 1, seeds the filter of this comparison.
    init(_ snapshot: StoreSnapshot, _ skippedRecords: Int, _ limits: ReplicationLimits, random: Double) {
        epoch = snapshot.position.epoch
        startSeq = snapshot.position.seq
        self.skippedRecords = skippedRecords
        let seed = UInt64(random * 0x1p53)
        let keys = snapshot.itemCount + snapshot.unreadableCount
        seen = Mutex(BloomFilter(keys: keys, maximumBytes: limits.verifyFilterBytes, seed: seed))
    }

    /// Rows met so far whose keys cannot be read.
    var skippedRows: Int { skipped.load(ordering: .relaxed) }

    /// Whether every suspect was decided. A key that kept changing counts: its newer record makes good for those before.
    var isComplete: Bool { open.load(ordering: .relaxed) == 0 }

    /// Something was left undecided.
    func leaveOpen() { open.add(1, ordering: .relaxed) }

    /// The keys behind `cursor` whose items cannot be read, `limit` of them at most. Moves the cursor as `unmet` does.
    func unreadable(in snapshot: StoreSnapshot, after cursor: inout [UInt8]?, limit: Int) -> [ItemKey] {
        var keys: [ItemKey] = []
        var last: [UInt8]?
        var visited = 0
        snapshot.forEach(from: nil, to: nil, after: cursor, includingTombstones: true) { record in
            visited += 1
            if record.isUnreadable { keys.append(record.key) }
            if visited == limit { last = record.key.bytes }
            return visited < limit
        }
        cursor = last
        return keys
    }

    /// The rows that the replica does not hold as they are.
    func suspects(in page: ScanPage, against snapshot: StoreSnapshot) -> [ItemKey] {
        var suspects: [ItemKey] = []
        for row in page.unreadable {
            guard let key = row.key else {
                skipped.add(1, ordering: .relaxed)
                continue
            }
            key.bytes.withUnsafeBytes { bytes in seen.withLock { $0.insert(bytes) } }
            if snapshot.newestState(of: key)?.isUnreadable != true { suspects.append(key) }
        }
        page.items.arena.withUnsafeBytes { arena in
            seen.withLock { seen in
                for entry in page.items.entries {
                    let keyBytes = UnsafeRawBufferPointer(rebasing: arena[entry.key])
                    seen.insert(keyBytes)
                    let key = ItemKey(bytes: [UInt8](keyBytes))
                    let row = UnsafeRawBufferPointer(rebasing: arena[entry.item])
                    let isHeld = snapshot.record(for: key)?.withPackedItem { $0.elementsEqual(row) } ?? false
                    if !isHeld { suspects.append(key) }
                }
            }
        }
        return suspects
    }

    /// Items of the replica behind `cursor`, readable or not, that the scan has not met although they were there when it began. Moves the
    /// cursor; it is nil at the end of the replica.
    func unmet(in snapshot: StoreSnapshot, after cursor: inout [UInt8]?, limit: Int) -> [ItemKey] {
        var unmet: [ItemKey] = []
        var last: [UInt8]?
        var visited = 0
        let start = cursor
        let startSeq = startSeq
        seen.withLock { seen in
            snapshot.forEach(from: nil, to: nil, after: start, includingTombstones: true) { record in
                visited += 1
                let isRemoved = record.isTombstone && !record.isUnreadable
                let isMet = isRemoved || record.seq > startSeq || record.withKeyBytes { seen.contains($0) }
                if !isMet { unmet.append(record.key) }
                if visited == limit { last = record.key.bytes }
                return visited < limit
            }
        }
        cursor = last
        return unmet
    }
}
