import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import Synchronization
import TableModel

/// What the background comparison of table and replica has found since the process began.
package struct VerificationStatus: Sendable, Hashable {
    /// Comparisons of the whole table that came to their end.
    package var passes = 0
    /// Rows of the table that were compared.
    package var rows = 0
    /// Keys that differed at first sight: most are changes under way.
    package var suspects = 0
    /// Keys that differed although no change was under way, and were put right: items put, items removed.
    package var repairedPuts = 0
    package var repairedRemovals = 0
    /// Suspects left to the next comparison, because the stream did not pass the time of the read, or the key went on changing.
    package var unresolved = 0
    /// Read capacity units that comparing has consumed.
    package var consumedUnits = 0.0
    /// Milliseconds since 1970 UTC at which the newest comparison ended.
    package var lastPassAt: Int64?
    package init() {}
}

/// One comparison of the whole table with the replica.
final class VerificationPass: Sendable {
    let target: ReplicationTarget
    let epoch: Epoch
    /// What the replica got later than this is not missed in the scan.
    let startSeq: UInt64
    let poller: StreamPoller
    let images: ImageCompletion
    let fetch: ItemFetch
    let pacer: ReadPacer
    private let seen: Mutex<BloomFilter>
    /// Records that had been skipped when it began.
    let skippedRecords: Int
    private let skipped = Atomic<Int>(0)
    private let open = Atomic<Int>(0)

    init(
        _ target: ReplicationTarget,
        _ snapshot: StoreSnapshot,
        _ poller: StreamPoller,
        _ images: ImageCompletion,
        fetch: ItemFetch,
        pacer: ReadPacer,
        skippedRecords: Int,
        limits: ReplicationLimits,
        random: Double
    ) {
        self.target = target
        epoch = snapshot.position.epoch
        startSeq = snapshot.position.seq
        self.poller = poller
        self.images = images
        self.fetch = fetch
        self.pacer = pacer
        self.skippedRecords = skippedRecords
        let seed = UInt64(random * 0x1p53)
        let keys = snapshot.itemCount + snapshot.unreadableCount
        seen = Mutex(BloomFilter(keys: keys, maximumBytes: limits.verifyFilterBytes, seed: seed))
    }

    /// Rows met so far whose keys cannot be read.
    var skippedRows: Int { skipped.load(ordering: .relaxed) }

    /// Whether everything that was looked at was decided. A key that went on changing counts: its newer record makes good for those before.
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

    /// Items of the replica, readable or not, from behind `cursor` on, that the scan has not met although they were there when it began. Moves
    /// the cursor; it is nil when the replica has been gone through.
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
