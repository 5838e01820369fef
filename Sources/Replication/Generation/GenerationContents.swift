import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore
import TableModel

/// The contents of one generation: applies scan pages and stream records to them, and publishes them. Not Sendable: it belongs to one actor.
final class GenerationContents {
    private let context: ReplicationContext
    private let schema: KeySchema
    private let writer: GenerationWriter
    private var skipped = SkippedCounts()
    private var scarceMemory = ScarceMemory()
    /// A record of a delivery could not be applied: the generation ends.
    private var isBroken = false
    /// When readers first saw them, on the continuous clock; nil before.
    private(set) var publishedAt: Duration?

    /// Contents with those of a saved state, or none.
    init(_ context: ReplicationContext, _ target: ReplicationTarget, restored writer: GenerationWriter?) {
        self.context = context
        schema = target.keySchema
        self.writer =
            writer
            ?? GenerationWriter(
                epoch: .random(),
                keySchema: target.keySchema,
                limits: context.settings.storeLimits,
                startingAfter: .random(in: context.settings.firstSeqs)
            )
        self.writer.follow(target.stateIdentity.streamTag, since: nil)
    }

    /// Records that were skipped and that no comparison has covered since.
    var skippedRecords: Int { skipped.records }

    /// The newest contents; nil while something was skipped. A saved state would hide that: the next start would trust an item that
    /// may be old or missing.
    func snapshotToSave() -> StoreSnapshot? { skipped.isEmpty ? writer.snapshot() : nil }

    /// The scan begins: it sees every write from before `moment`, and the stream brings every later one.
    func scanBegins(_ target: ReplicationTarget, at moment: StreamTime) {
        writer.follow(target.stateIdentity.streamTag, since: moment.service?.latest)
    }

    /// Publishes them for the first time: they are complete and caught up.
    ///
    /// `scanEnd` is when the scan ended, nil for a resumed generation: its rows may be newer than the records that were applied so far.
    func begin(completeStamp: Int64?, scanEnd: StreamTime?) {
        writer.endBootstrap()
        if let scanEnd { writer.mayHold(scanEnd.service?.latest ?? latestMilliseconds) }
        publishedAt = context.time.continuous()
        if let completeStamp, skipped.isEmpty { writer.completed(completeStamp) }
        publish()
        showSkipped()
    }

    /// All records that bear `stamp` or an earlier time have been applied (`StreamView.completeStamp`). Readers are not woken: only the
    /// positions that they are given from now on say so.
    ///
    /// Nothing is complete while records are skipped, nor once a delivery was left in the middle.
    func completed(_ stamp: Int64) {
        guard publishedAt != nil, skipped.isEmpty, !isBroken, let shown = context.store.snapshot,
            shown.position.epoch == writer.epoch
        else {
            return
        }
        writer.completed(stamp)
        context.store.refresh(writer.snapshot())
    }

    /// Now by the clock that stamps the records, not earlier than it is; by this machine's where the service's is unknown.
    private var latestMilliseconds: Int64 {
        context.streams.serviceTime?.latest ?? context.time.wallMilliseconds()
    }

    // MARK: Applying

    /// Applies a page of the scan.
    func apply(_ page: ScanPage) {
        _ = writer.applyScanRows(page.items, at: context.time.wallMilliseconds())
        for row in page.unreadable {
            if let key = row.key {
                guard writer.applyUnreadableRow(key, at: context.time.wallMilliseconds()) else { continue }
                report(.item(key, schema, row.reason))
            } else {
                skipped.skipRow()
                report(.row(row.reason))
            }
        }
    }

    /// Applies a delivery, in order, and publishes once. `holdsNewerItems`: its records may have been completed with items that are newer
    /// than they are.
    func apply(_ delivery: StreamDelivery, holdsNewerItems: Bool) -> DeliveryOutcome {
        scarceMemory.end()
        return applyAll(delivery, holdsNewerItems)
    }

    /// Applies what of a delivery needs no more memory, and publishes it. The outcome is nil where the rest has to wait: then the delivery
    /// counts as not taken, and what is applied already will be a replay. `hasReserve`: what was freed may be used again.
    func applyWhileFull(_ delivery: StreamDelivery, holdsNewerItems: Bool, hasReserve: Bool) -> DeliveryOutcome? {
        // A replay goes through old states, which nobody may see.
        guard publishedAt != nil, !delivery.isReplay else { return nil }
        let receivedAt = latestMilliseconds
        let changes = delivery.items.lazy.flatMap { item -> [StreamRecord] in
            if case .records(_, let records) = item { records } else { [] }
        }.compactMap { [schema] record -> Change? in
            if case .change(let change) = RecordTranslation(record, schema: schema, receivedAt: receivedAt) {
                change
            } else {
                nil
            }
        }
        prepare(holdsNewerItems, receivedAt)
        let (waiting, applied) = scarceMemory.apply(changes, with: writer)
        if applied > 0 {
            context.reporter.update { $0.changesApplied += applied }
            publish()
        }
        return scarceMemory.spend(on: waiting, hasReserve: hasReserve) ? applyAll(delivery, holdsNewerItems) : nil
    }

    private func applyAll(_ delivery: StreamDelivery, _ holdsNewerItems: Bool) -> DeliveryOutcome {
        var changes = 0
        let receivedAt = latestMilliseconds
        prepare(holdsNewerItems, receivedAt)
        for (index, item) in delivery.items.enumerated() {
            switch item {
            case .added(let shards): context.reporter.observe(.shardsAdded(shards.map(\.id)))
            case .ended(let shardID): context.reporter.observe(.shardEnded(shardID))
            case .replayed: break
            case .records(let shardID, let records):
                do throws(UnusableRecord) { changes += try apply(records, of: shardID, receivedAt) } catch {
                    isBroken = true
                    return .stopped(items: index, records: error.place, cause: error)
                }
            }
        }
        context.reporter.update { $0.changesApplied += changes }
        // Once, at the end: where a shard was read again from before the bookmark, its keys went through old states in between.
        if publishedAt != nil { publish() }
        return .taken
    }

    /// A write that only touches ignored attributes is no change to readers; elsewhere the stream has no record without a change. But an item
    /// that is newer than its record was told at that record's place, so the equal one of a later record needs a place of its own.
    private func prepare(_ holdsNewerItems: Bool, _ receivedAt: Int64) {
        writer.skipEqualItems(!context.settings.ignoredAttributes.isEmpty && !holdsNewerItems)
        if holdsNewerItems { writer.mayHold(receivedAt) }
    }

    /// Returns how many of the records were not replays.
    private func apply(
        _ records: [StreamRecord],
        of shardID: String,
        _ receivedAt: Int64
    ) throws(UnusableRecord) -> Int {
        var applied = 0
        var replayed = 0
        for (place, record) in records.enumerated() {
            switch RecordTranslation(record, schema: schema, receivedAt: receivedAt) {
            case .change(let change):
                guard writer.apply(change) else {
                    replayed += 1
                    continue
                }
                applied += 1
                if case .newImage(let reason) = record.fault { report(.item(change.key, schema, reason)) }
            case .keyless(let reason):
                skipped.skipRecord()
                report(.record(record.sequenceNumber, shardID: shardID, reason))
            case .unknown: break
            case .unusable(let reason): throw UnusableRecord(place: place, reason: reason)
            }
        }
        context.reporter.observe(.changesApplied(shardID: shardID, count: applied, replayed: replayed))
        return applied
    }

    private func publish() {
        if context.reporter.written.isWithheld { context.reporter.update { $0.isWithheld = false } }
        context.store.publish(writer.snapshot())
    }

    private func report(_ unreadable: UnreadableReport) {
        showSkipped()
        context.reporter.report(unreadable)
    }

    /// Shows the counts of the published contents; before anything is published, of those that will be.
    private func showSkipped() {
        guard publishedAt != nil || context.store.snapshot == nil else { return }
        context.reporter.update { skipped.show(in: &$0.unreadable) }
    }

    // MARK: Verification

    /// A comparison of the whole table has ended. After one that left nothing open the replica is right, whatever was skipped before it.
    /// Returns `skippedRecords`.
    func compared(_ pass: VerificationPass) -> Int {
        let now = context.time.wallMilliseconds()
        context.reporter.update {
            $0.verification?.passes += 1
            $0.verification?.lastPassAt = now
        }
        skipped.compared(pass, limit: context.limits.cleanPasses)
        showSkipped()
        return skipped.records
    }

    /// Repairs the keys that differ from `states`, which is the table as of a moment up to which everything has been applied. `before` has
    /// the seq of each key before that moment.
    func repair(
        _ states: [ItemKey: TableItem],
        _ before: [ItemKey: UInt64],
        _ pass: VerificationPass,
        _ images: ImageCompletion
    ) {
        guard publishedAt != nil, let snapshot = context.store.snapshot, snapshot.position.epoch == pass.epoch
        else { return pass.leaveOpen() }
        let found = Divergence(of: snapshot, from: states, before)
        for (key, reason) in found.unreadable { report(.item(key, schema, reason)) }
        if found.changing > 0 { context.reporter.update { $0.verification?.unresolved += found.changing } }
        let keys = found.keys
        guard !keys.isEmpty else { return }
        // A record that comes late all the same must not bring an older state back.
        images.alwaysFetch(keys)
        for key in keys {
            writer.repair(key, Change.Outcome(states[key] ?? .absent), at: latestMilliseconds)
        }
        context.reporter.update {
            $0.verification?.repairedPuts += found.repairedPuts
            $0.verification?.repairedRemovals += found.removals.count
        }
        publish()
        if found.readable > 0 { context.reporter.observe(.readable(count: found.readable)) }
        guard found.repairedPuts > 0 || !found.removals.isEmpty else { return }
        context.reporter.observe(.repaired(put: found.repairedPuts, removed: found.removals.count))
    }
}

extension StreamDelivery {
    /// Whether records come again that were read before.
    fileprivate var isReplay: Bool {
        items.contains { if case .replayed = $0 { true } else { false } }
    }
}
