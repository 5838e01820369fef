import Basics
import TableModel

/// The state of one generation: what `GenerationWriter` owns and changes.
///
/// Each live key or tombstone has exactly one record, which is in a tree by key and in a tree by seq.
struct Generation: ~Copyable {
    private(set) var epoch: Epoch
    private var lineage = EpochLineage()
    /// The seqs are those of another replica.
    var isCopy = false
    let keySchema: KeySchema
    let limits: StoreLimits
    private let tombstoneMilliseconds: Int64
    private(set) var seq: UInt64
    private(set) var tombstones = TombstoneQueue()
    private var byKey: RecordTree
    private var bySeq: RecordTree
    private let reclaimer = Reclaimer()
    /// Removed keys; those with an item that cannot be read are counted apart.
    private var tombstoneCount = 0
    private var unreadableCount = 0
    private var itemBytes = 0
    private var digest = ContentDigest()
    /// Bytes of records replaced or removed so far.
    private var replacedBytes = 0
    private var horizon: UInt64 = 0
    private var horizonAt: Int64?
    /// The newest time of any change, in milliseconds since 1970 UTC: the clock that tombstones age by.
    private var newestAt: Int64 = 0
    private var isBootstrapping = true
    private var isRestored = false
    private var history: HistoryRing
    private var progress = StreamProgress()
    /// See `GenerationWriter.skipEqualItems`.
    var skipsEqualItems = false
    /// Records that are in the tree by key and not yet in the other, while saved ones are entered.
    private var restoring: [(seq: UInt64, record: Unmanaged<RecordStorage>)] = []

    init(epoch: Epoch, keySchema: KeySchema, limits: StoreLimits, seq: UInt64 = 0) {
        self.epoch = epoch
        self.seq = seq
        self.keySchema = keySchema
        self.limits = limits
        tombstoneMilliseconds = limits.tombstoneAge.wholeSeconds * 1000
        byKey = RecordTree(order: .key, capacity: limits.nodeCapacity)
        bySeq = RecordTree(order: .seq, capacity: limits.nodeCapacity)
        history = HistoryRing(limit: limits.historyBytes)
    }

    deinit { reclaimer.retire(all: byKey, bySeq) }

    // MARK: Writing

    /// See `GenerationWriter.apply`.
    mutating func apply(_ change: Change, _ key: UnsafeRawBufferPointer) -> Bool {
        let isApplied =
            switch change.outcome {
            case .put(let item): item.packed.withUnsafeBytes { enter(change, key, $0) }
            case .remove, .unreadable: enter(change, key, nil)
            }
        guard isApplied else { return false }
        progress.applied(change.at, at: seq)
        pruneTombstones()
        return true
    }

    /// See `GenerationWriter.growth`.
    func growth(of key: UnsafeRawBufferPointer, itemBytes: Int) -> Int {
        guard let held = byKey.find(TreeKey(bytes: key)) else {
            return StoreLimits.recordOverhead + key.count + itemBytes
        }
        return held._withUnsafeGuaranteedRef { key.count + itemBytes - $0.byteCount }
    }

    private mutating func enter(
        _ change: Change,
        _ key: UnsafeRawBufferPointer,
        _ item: UnsafeRawBufferPointer?
    ) -> Bool {
        newestAt = max(newestAt, change.at)
        if skipsEqualItems, let version = change.version, let item, renew(key, version, item) { return true }
        let record = Generation.record(change, seq + 1, key, item)
        guard let version = change.version else { return enter(record) { _ in false } }
        return enter(record) { $0.has(atLeast: version) }
    }

    /// Gives the record of an equal item the version of the change, at the same seq: no reader is told of it, and replays of older changes
    /// stay replays. False, with nothing changed, where the item differs or the version is not newer.
    private mutating func renew(
        _ key: UnsafeRawBufferPointer,
        _ version: SequenceNumber,
        _ item: UnsafeRawBufferPointer
    ) -> Bool {
        // During a scan the stream's record must be told from the row that it follows.
        guard !isBootstrapping || isRestored, let held = byKey.find(TreeKey(bytes: key)) else { return false }
        let renewed: RecordStorage? = held._withUnsafeGuaranteedRef { held in
            guard !held.isTombstone, !held.has(atLeast: version), held.itemBytes.elementsEqual(item) else { return nil }
            let record = ItemRecord(storage: held)
            return RecordStorage.make(
                seq: record.seq,
                at: record.at,
                cause: record.cause,
                version: version,
                key: key,
                item: item
            )
        }
        guard let renewed else { return false }
        let record = Unmanaged.passRetained(renewed)
        if case .replaced(let old) = byKey.insert(record, TreeKey(bytes: renewed.keyBytes), reclaimer) { retire(old) }
        _ = bySeq.insert(record, TreeKey(seq: renewed.header.seq), reclaimer)
        count(renewed, 1)
        return true
    }

    /// See `GenerationWriter.repair`.
    mutating func repair(
        _ keyBytes: UnsafeRawBufferPointer,
        _ key: ItemKey,
        _ outcome: Change.Outcome,
        at wallMilliseconds: Int64
    ) {
        let known = byKey.find(TreeKey(bytes: keyBytes))
        let version = known?._withUnsafeGuaranteedRef { $0.version }.flatMap(SequenceNumber.init)
        let cause = outcome == .unreadable ? ChangeCause.unreadable : .repair
        let change = Change(key: key, outcome: outcome, version: version, at: wallMilliseconds, cause: cause)
        switch outcome {
        case .put(let item): item.packed.withUnsafeBytes { repair(change, keyBytes, $0) }
        case .remove, .unreadable: repair(change, keyBytes, nil)
        }
        pruneTombstones()
    }

    private mutating func repair(
        _ change: Change,
        _ key: UnsafeRawBufferPointer,
        _ item: UnsafeRawBufferPointer?
    ) {
        newestAt = max(newestAt, change.at)
        _ = enter(Generation.record(change, seq + 1, key, item)) { _ in false }
        progress.repaired(at: seq, time: change.at)
    }

    private static func record(
        _ change: Change,
        _ seq: UInt64,
        _ key: UnsafeRawBufferPointer,
        _ item: UnsafeRawBufferPointer?
    ) -> RecordStorage {
        RecordStorage.make(
            seq: seq,
            at: change.at,
            cause: change.cause,
            version: change.version,
            key: key,
            item: item
        )
    }

    /// See `GenerationWriter.applyScanRows`.
    mutating func applyScanRows(
        _ arena: UnsafeRawBufferPointer,
        _ entries: [ItemBatch.Entry],
        at wallMilliseconds: Int64
    ) -> Int {
        var taken = 0
        for entry in entries {
            let record = RecordStorage.make(
                seq: seq + 1,
                at: wallMilliseconds,
                cause: .snapshot,
                version: nil,
                key: UnsafeRawBufferPointer(rebasing: arena[entry.key]),
                item: UnsafeRawBufferPointer(rebasing: arena[entry.item])
            )
            if enter(record, keeping: { $0.beatsScanRows }) { taken += 1 }
        }
        return taken
    }

    /// See `GenerationWriter.applyUnreadableRow`.
    mutating func applyUnreadableRow(_ key: UnsafeRawBufferPointer, at wallMilliseconds: Int64) -> Bool {
        let record = RecordStorage.make(
            seq: seq + 1,
            at: wallMilliseconds,
            cause: .unreadable,
            version: nil,
            key: key,
            item: nil
        )
        return enter(record) { $0.beatsScanRows }
    }

    /// Enters a record, which bears the next seq, into both trees; false when the record that is there is kept.
    private mutating func enter(_ storage: RecordStorage, keeping: (RecordStorage) -> Bool) -> Bool {
        // The trees share one reference, which `Reclaimer` gives up.
        let record = Unmanaged.passRetained(storage)
        switch byKey.insert(record, TreeKey(bytes: storage.keyBytes), reclaimer, keeping: keeping) {
        case .kept:
            record.release()
            return false
        case .inserted: history.append(new: storage, old: nil)
        case .replaced(let old):
            // Before the trees give it up.
            old._withUnsafeGuaranteedRef { history.append(new: storage, old: $0) }
            retire(old)
        }
        _ = bySeq.insert(record, TreeKey(seq: storage.header.seq), reclaimer)
        seq += 1
        count(storage, 1)
        if storage.isTombstone, !storage.isUnreadable { tombstones.append(seq, at: newestAt) }
        return true
    }

    /// Counts a record that has entered the tree by key (`change` is 1) or left it (-1).
    private mutating func count(_ storage: RecordStorage, _ change: Int) {
        if storage.isUnreadable {
            unreadableCount += change
        } else if storage.isTombstone {
            tombstoneCount += change
        } else {
            itemBytes += change * storage.byteCount
            if change > 0 { digest.add(storage.contentBytes) } else { digest.remove(storage.contentBytes) }
        }
    }

    /// Takes a record that is no longer in the tree by key out of the other, and out of the counts.
    private mutating func retire(_ record: Unmanaged<RecordStorage>) {
        record._withUnsafeGuaranteedRef { storage in
            _ = bySeq.remove(TreeKey(seq: storage.header.seq), reclaimer)
            count(storage, -1)
            replacedBytes += storage.byteCount + StoreLimits.recordOverhead
        }
        reclaimer.retire(record: record)
    }

    // MARK: Copying

    /// Places a copied record, whose seq follows the newest one.
    mutating func place(_ copied: StoredRecord) {
        newestAt = max(newestAt, copied.at)
        _ = enter(copied.storage) { _ in false }
        pruneTombstones()
        if copied.cause == .repair {
            progress.repaired(at: seq, time: copied.at)
        } else if copied.version != nil {
            progress.applied(copied.at, at: seq)
        }
    }

    /// The seqs up to `seq` are not told. Steps before it are given up, since others may lie between.
    mutating func skip(to seq: UInt64) {
        self.seq = seq
        history.suspend()
    }

    /// Removals up to `horizon` cannot be told any more. Steps are kept from here on, unless they are kept already.
    mutating func settle(horizon: UInt64) {
        self.horizon = max(self.horizon, horizon)
        endBootstrap()
        history.resume()
    }

    /// See `GenerationWriter.rename`.
    mutating func rename(_ epoch: Epoch) {
        lineage.renamed(self.epoch, at: seq)
        self.epoch = epoch
        isCopy = false
    }

    /// See `GenerationWriter.digest`.
    var contentDigest: (items: Int, content: ContentDigest) {
        (byKey.count - tombstoneCount - unreadableCount, digest)
    }

    /// The record of a key.
    func find(_ key: UnsafeRawBufferPointer) -> Unmanaged<RecordStorage>? { byKey.find(TreeKey(bytes: key)) }

    // MARK: Restoring

    /// See `GenerationWriter.restore`.
    mutating func restore(_ storage: RecordStorage) -> Bool {
        let record = Unmanaged.passRetained(storage)
        guard case .inserted = byKey.insert(record, TreeKey(bytes: storage.keyBytes), reclaimer, keeping: { _ in true })
        else {
            record.release()
            return false
        }
        restoring.append((storage.header.seq, record))
        count(storage, 1)
        return true
    }

    /// See `GenerationWriter.endRestoring`.
    mutating func endRestoring(seq last: UInt64, horizon: UInt64, times: StreamTimes) -> Bool {
        progress.begin(stream: nil, birth: times.birth)
        restoring.sort { $0.seq < $1.seq }
        guard restoring.last.map({ $0.seq <= last }) ?? true else { return false }
        for entry in restoring {
            guard entry.seq > seq else { return false }
            _ = bySeq.insert(entry.record, TreeKey(seq: entry.seq), reclaimer)
            entry.record._withUnsafeGuaranteedRef { storage in
                let record = ItemRecord(storage: storage)
                newestAt = max(newestAt, record.at)
                if record.cause == .repair {
                    progress.repaired(at: entry.seq, time: record.at)
                } else if record.version != nil {
                    progress.applied(record.at, at: entry.seq)
                }
                if storage.isTombstone, !storage.isUnreadable { tombstones.append(entry.seq, at: newestAt) }
            }
            seq = entry.seq
        }
        restoring = []
        if let high = times.high { progress.applied(high, at: seq) }
        if let low = times.low { progress.completed(low, at: seq) }
        seq = last
        self.horizon = horizon
        isRestored = true
        return true
    }

    // MARK: Progress

    /// See `GenerationWriter.follow`.
    mutating func follow(_ stream: StreamTag, since birth: Int64?) { progress.begin(stream: stream, birth: birth) }

    /// See `GenerationWriter.completed`.
    mutating func completed(_ time: Int64) { progress.completed(time, at: seq) }

    /// See `GenerationWriter.mayHold`.
    mutating func mayHold(_ time: Int64) { progress.applied(time, at: seq) }

    // MARK: Tombstones

    /// See `GenerationWriter.endBootstrap`.
    mutating func endBootstrap() {
        guard isBootstrapping else { return }
        isBootstrapping = false
        history.begin(origin: isRestored || isCopy ? nil : seq)
        pruneTombstones()
    }

    /// Forgets the oldest tombstones beyond the limits of number and age, and raises the horizon to the newest of those.
    private mutating func pruneTombstones() {
        let tree = bySeq
        tombstones.compact(live: tombstoneCount) { Generation.tombstone(of: $0, in: tree) != nil }
        guard !isBootstrapping else { return }
        while let oldest = tombstones.first,
            tombstoneCount > limits.maximumTombstones || newestAt - oldest.at > tombstoneMilliseconds
        {
            _ = tombstones.popFirst()
            guard let record = Generation.tombstone(of: oldest.seq, in: bySeq) else { continue }
            record._withUnsafeGuaranteedRef { _ = byKey.remove(TreeKey(bytes: $0.keyBytes), reclaimer) }
            retire(record)
            // That of a copied replica may be later already.
            guard oldest.seq > horizon else { continue }
            horizon = oldest.seq
            horizonAt = oldest.at
        }
    }

    /// The record of `seq` when it still is the state of its key and a tombstone.
    private static func tombstone(of seq: UInt64, in tree: RecordTree) -> Unmanaged<RecordStorage>? {
        guard let record = tree.find(TreeKey(seq: seq)) else { return nil }
        return record._withUnsafeGuaranteedRef { $0.isTombstone } ? record : nil
    }

    // MARK: Reading

    /// An immutable view of everything applied so far.
    mutating func snapshot() -> StoreSnapshot {
        let view = (byKey, bySeq)
        let stamp = byKey.beginVersion()
        let other = bySeq.beginVersion()
        precondition(stamp == other, "both trees have one version")
        let contents = SnapshotContents(
            position: progress.position(epoch, at: seq, highAt: seq),
            horizon: horizon,
            horizonAt: horizonAt,
            keySchema: keySchema,
            lineage: lineage,
            isCopy: isCopy,
            itemBytes: itemBytes,
            digest: digest,
            replacedBytes: replacedBytes,
            tombstoneCount: tombstoneCount,
            unreadableCount: unreadableCount,
            byKey: view.0,
            bySeq: view.1,
            history: history.view(head: seq),
            progress: progress,
            stamp: stamp,
            reclaimer: reclaimer
        )
        return StoreSnapshot(contents: contents)
    }
}
