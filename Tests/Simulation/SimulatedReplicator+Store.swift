import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import Replication
import TableModel

extension SimulatedReplicator {
    private struct Refusal: Error {}

    /// Applies a delivery in order and publishes once, as `GenerationContents.apply` does.
    mutating func apply(_ delivery: StreamDelivery) -> DeliveryOutcome {
        for (index, item) in delivery.items.enumerated() {
            if case .ended(let shardID) = item { life.ended.insert(shardID) }
            if case .added(let shards) = item { life.added.formUnion(shards.map(\.id)) }
            guard case .records(let shardID, let records) = item else { continue }
            if let parent = world.parent(of: shardID), life.added.contains(parent), !life.ended.contains(parent) {
                witness.accuse("records of \(shardID) came before the end of its parent \(parent)")
            }
            for (place, record) in records.enumerated() {
                if consumerFails, index > 0 || place > 0 {
                    consumerFails = false
                    return .stopped(items: index, records: place, cause: Refusal())
                }
                if life.isLive, saboteur.mutation == .publishesReplay { publish() }
                switch RecordTranslation(record, schema: SimulatedWorld.schema) {
                case .change(let change): apply(change)
                case .unknown, .keyless, .unusable: witness.accuse("a record could not be translated")
                }
            }
        }
        if life.isLive, !saboteur.withholds { publish() }
        return .taken
    }

    private mutating func apply(_ change: Change) {
        switch saboteur.mutation {
        case .tombstoneIgnored:
            if change.outcome == .remove, !life.isLive, life.writer.snapshot().record(for: change.key) == nil { return }
        case .unreadableIsRemoved where change.outcome == .unreadable:
            let removal = Change(
                key: change.key,
                outcome: .remove,
                version: change.version,
                at: change.at,
                cause: .stream
            )
            _ = life.writer.apply(removal)
            return
        case .versionsIgnored:
            let blind = Change(
                key: change.key,
                outcome: change.outcome,
                version: nil,
                at: change.at,
                cause: change.cause
            )
            _ = life.writer.apply(blind)
            return
        default: break
        }
        _ = life.writer.apply(change)
    }

    mutating func publish() {
        witness.read(life.writer.snapshot(), world)
    }

    // MARK: The scan

    mutating func startScan() {
        scanDue = nil
        life.scanBegan = true
        let count = scenario.scanSegments
        life.segments = (0..<count).map { segment in
            Segment(keys: (0..<scenario.keys).filter { $0 % count == segment })
        }
        for segment in life.segments.indices { fetch(segment, after: 0) }
    }

    private mutating func fetch(_ segment: Int, after backoff: Int) {
        let wait = backoff + 1 + world.random.below(scenario.scanTime)
        let rows = world.random.chance(50) ? read(segment) : nil
        post(.scanPage(segment: segment, rows: rows), after: wait)
    }

    /// A page as the table is now; nil when the call fails.
    private func read(_ segment: Int) -> ScanPage? {
        let next = life.segments[segment].next
        let keys = life.segments[segment].keys[next...].prefix(scenario.scanPage)
        return try? world.scan(keys, isStale: saboteur.mutation == .eventuallyConsistentScan)
    }

    mutating func scanned(_ segment: Int, _ early: ScanPage?) {
        guard let rows = early ?? read(segment) else {
            life.segments[segment].failures += 1
            fetch(segment, after: 100 << min(life.segments[segment].failures, 4))
            return
        }
        if saboteur.mutation == .scanRowWins {
            overwrite(rows.items)
        } else {
            _ = life.writer.applyScanRows(rows.items, at: time.wallMilliseconds)
        }
        // What has no version and no item tells by its time which write it stands for.
        for row in rows.unreadable {
            if let key = row.key { _ = life.writer.applyUnreadableRow(key, at: Int64(row.reason) ?? 0) }
        }
        life.segments[segment].next += scenario.scanPage
        if life.segments[segment].next < life.segments[segment].keys.count {
            fetch(segment, after: 0)
        } else if life.segments.allSatisfy({ $0.next >= $0.keys.count }) {
            if saboteur.mutation == .bookmarkAfterScan { send(.tick) }
            _ = machine.hasCaughtUp(since: time)
            life.scanEnd = time
        }
    }

    private func overwrite(_ rows: ItemBatch) {
        for entry in rows.entries {
            let change = Change(
                key: ItemKey(bytes: Array(rows.arena[entry.key])),
                outcome: .put(Item(packed: Array(rows.arena[entry.item]))),
                version: nil,
                at: 0,
                cause: .snapshot
            )
            _ = life.writer.apply(change)
        }
    }

    // MARK: The watch

    /// Judges the state, as `GenerationBuild.watch` does, and lets the witness hold the claim against the table.
    mutating func watch() {
        watchDue = world.now + Self.watchInterval
        let view = machine.view(at: time)
        if let stamp = view.completeStamp, life.isLive, rebuildDue == nil, away == nil {
            witness.judge(completeStamp: stamp, life.writer.snapshot(), of: life.stream, world)
        }
        // A clock that is behind the table's takes old records for new ones.
        let behind = abs(min(0, world.skew))
        if let scanEnd = life.scanEnd, !life.isLive, rebuildDue == nil, hasCaughtUp(since: scanEnd) {
            life.writer.endBootstrap()
            life.isLive = true
            publish()
            readiness.goLive()
            // What a disabled stream has not seen is said to be missing in the same breath.
            if view.status == .enabled {
                witness.demand(everythingBefore: worldTime(scanEnd.continuous) - behind, world, "caught up")
            }
        }
        if life.isLive, rebuildDue == nil, view.status == .enabled { demandHealthyShards() }
        let evidence = Readiness.Evidence(
            lagMilliseconds: view.lagMilliseconds,
            streamIsDisabled: view.status == .disabled || view.status == .disabling,
            trouble: view.lastError.map { Readiness.Trouble($0) }
        )
        // While AWS is away there is no stream to look at.
        if away == nil { readiness.judge(evidence, maximumLag: Self.maximumLag) }
        if !life.isLive, rebuildDue == nil, let end = life.expiresAt, time.wallMilliseconds >= end {
            rebuild("the saved state grew too old before it had caught up")
        }
        if life.isLive, rebuildDue == nil, saveDue == nil { saveDue = world.now + Self.saveInterval }
        guard readiness.state == .live else { return }
        // Reads, empty pages with more behind them, the grace of two polls, and the second of a record's time.
        let slack = 10_000 + 5 * scenario.pollInterval + scenario.callTime * 2 + 5_000 + behind
        witness.demand(everythingBefore: world.now - slack, world, "live")
    }

    /// A lasting fault of one shard does not hold back the publishing of others: what was written elsewhere is seen, however long
    /// the fault lasts.
    private mutating func demandHealthyShards() {
        guard let since = world.brokenSince, life.stream == world.stream else { return }
        let moment = world.now - Self.healthyPatience
        guard moment > since else { return }
        witness.demand(healthyBefore: moment, after: since, world)
    }

    private mutating func hasCaughtUp(since scanEnd: StreamTime) -> Bool {
        if saboteur.mutation == .readyAtFirstEmptyPage { return saboteur.sawEmptyPage }
        return machine.hasCaughtUp(since: scanEnd)
    }

    /// Notices another stream, as `TableWatch.follow` does.
    mutating func checkTable() {
        tableCheckDue = world.now + (readiness.state == .stale ? 5_000 : Self.tableCheckInterval)
        guard rebuildDue == nil, away == nil, let stream = world.stream, stream != life.stream else { return }
        rebuild("a new stream")
    }
}
