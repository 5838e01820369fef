import Basics
import Feed
import ReplicaStore
import TableModel

/// One replica: a real writer, store and hub. It reads the stream by rules of its own, and claims what `ReadEvidence` would.
final class FleetReplica {
    private enum Phase {
        case down(until: Int64)
        case scanning(next: Int, end: Int64?)
        /// After a restart: the saved state is shown, and nothing else until all from before the restart is there.
        case catchingUp(since: Int64)
        case live
    }

    private struct Saved {
        let snapshot: StoreSnapshot
        let next: [Int]
    }

    let table: FleetTable
    let number: Int
    private let traits: FleetTraits
    private let mutation: FleetMutation?
    private let feedLimits: FeedLimits
    private let storeLimits: StoreLimits
    private var random: SimulationRandom
    /// How far the bounds of the stream's clock lie before and behind the truth.
    private let error: (before: Int64, behind: Int64)
    private(set) var store = ReplicaStore()
    private(set) var hub: FeedHub
    /// Counts processes: the connections of an older one are broken.
    private(set) var process = 0
    private var epochs = 0
    private var writer: GenerationWriter
    private var phase: Phase
    /// Of each shard, the record to read next, and when the records can be read.
    private var next: [Int]
    private var visible: [[Int64]]
    private var quiet: [Int64?]
    private var passed: [Int64?]
    private var pausedUntil: Int64 = 0
    private var saved: Saved?
    /// Keys of which a record was lost.
    private var lost: Set<Int> = []
    private(set) var repairs = 0
    /// Writes that were applied when the claim covered them already.
    private(set) var late: Set<Int> = []

    init(_ number: Int, _ table: FleetTable, _ mutation: FleetMutation?, random: inout SimulationRandom) {
        self.number = number
        self.table = table
        self.mutation = mutation
        traits = table.traits
        self.random = SimulationRandom(seed: random.next())
        error = (Int64(self.random.below(1_000)), Int64(self.random.below(1_000)))
        var limits = FeedLimits()
        limits.maximumStreamAge = nil
        limits.resumeOverlap = mutation == .noOverlap ? .zero : .milliseconds(Int(FleetTraits.overlap))
        limits.frameBytes = self.random.within(1...900)
        limits.visitedPerFrame = self.random.within(1...30)
        limits.visitedPerTurn = self.random.within(1...60)
        limits.cachedFrameBytes = self.random.below(20_000)
        limits.snapshotBaseAge = .milliseconds(self.random.below(2_000))
        feedLimits = limits
        var bounds = StoreLimits()
        bounds.maximumTombstones = traits.maximumTombstones
        bounds.historyBytes = traits.historyBytes
        storeLimits = bounds
        hub = Self.hub(store, limits, table.traits)
        writer = GenerationWriter(epoch: Self.epoch(number, 0), keySchema: FleetTable.schema, limits: bounds)
        next = Array(repeating: 0, count: traits.shards)
        visible = Array(repeating: [], count: traits.shards)
        quiet = Array(repeating: nil, count: traits.shards)
        passed = Array(repeating: nil, count: traits.shards)
        let longest = number == 0 ? 2_000 : 20_000
        phase = .down(until: table.now + Int64(self.random.below(longest)))
    }

    private static func hub(_ store: ReplicaStore, _ limits: FeedLimits, _ traits: FleetTraits) -> FeedHub {
        FeedHub(
            store: store,
            limits: limits,
            // What is random elsewhere must be the seed's here.
            retryHints: RetryHints(seed: 1),
            wallMilliseconds: { FleetTable.birth },
            conditions: { FeedConditions(lagMilliseconds: nil, reason: "scanning") }
        )
    }

    private static func epoch(_ number: Int, _ count: Int) -> Epoch {
        let letters = ["a", "b", "c", "d", "e", "f", "g", "h"]
        let text =
            "replica" + letters[number] + letters[count / 64 % 8] + letters[count / 8 % 8] + letters[count % 8] + "a"
        guard let epoch = Epoch(text) else { preconditionFailure("twelve letters are an epoch") }
        return epoch
    }

    /// The moment now by the stream's clock, at the earliest and at the latest.
    private var earliest: Int64 { table.now - error.before }
    private var latest: Int64 { table.now + error.behind }

    /// The time of which all records have been applied, as the replica believes.
    var claim: Int64? { store.snapshot?.position.watermarks?.low }

    /// Whether what is shown lacks a write that its claim covers: the record is late.
    func lacks(_ write: Int) -> Bool {
        guard let snapshot = store.snapshot, table.stamp(write) <= claim ?? .min else { return false }
        guard let record = snapshot.newestState(of: table.keys[table.writes[write].key]) else { return true }
        // A row of the scan has no version; what it holds is older than what the stream tells of the key.
        guard let version = record.version else { return true }
        return FleetTable.write(ofVersion: version) ?? -1 < write
    }

    // MARK: Life

    /// What happens in a step. `isQuiet`: nothing goes wrong any more.
    func act(isQuiet: Bool) {
        if case .down(let until) = phase {
            if isQuiet || table.now >= until { start() }
            return
        }
        guard isQuiet || table.now >= pausedUntil else { return }
        if !isQuiet, random.chance(4) {
            pausedUntil = table.now + Int64(random.chance(50) ? random.below(2_000) : random.below(15_000))
            return
        }
        if case .live = phase, !isQuiet {
            if random.chance(15) { save() }
            if random.chance(traits.restartPercent) { return restart() }
            if !traits.losesRecords || number > 0, random.chance(1) { return rebuild() }
        }
        guard isQuiet || random.chance(70) else { return }
        read(isQuiet: isQuiet)
        scan()
    }

    /// The bookmark is taken, and then the scan begins.
    private func start() {
        for shard in next.indices { next[shard] = readable(shard) }
        writer.follow(FleetTable.tag, since: mutation == .youngAccepted ? 0 : latest)
        phase = .scanning(next: 0, end: nil)
    }

    private func rebuild() {
        epochs += 1
        writer = GenerationWriter(
            epoch: Self.epoch(number, epochs),
            keySchema: FleetTable.schema,
            limits: storeLimits,
            startingAfter: UInt64(random.below(1_000))
        )
        saved = nil
        forgetEvidence()
        if random.chance(30) { store.withdraw() }
        phase = .down(until: table.now + Int64(random.below(3_000)))
    }

    private func forgetEvidence() {
        for shard in next.indices { (quiet[shard], passed[shard]) = (nil, nil) }
    }

    private func save() { saved = Saved(snapshot: writer.snapshot(), next: next) }

    /// The process ends and the next one goes on from the saved state, which may lack what clients have heard.
    private func restart() {
        if random.chance(40) { save() }
        guard let saved else { return }
        let reserved = writer.seq + UInt64(random.within(1...1_000))
        writer = GenerationWriter(epoch: writer.epoch, keySchema: FleetTable.schema, limits: storeLimits)
        writer.follow(FleetTable.tag, since: nil)
        var isWhole = true
        saved.snapshot.forEachChange(after: 0) { record in
            isWhole = isWhole && restore(record)
            return true
        }
        let horizon = mutation == .horizonForgotten ? 0 : saved.snapshot.horizon
        guard writer.endRestoring(seq: reserved, horizon: horizon, times: saved.snapshot.times), isWhole else {
            preconditionFailure("a snapshot is a whole state")
        }
        next = saved.next
        // The comparison of the whole table goes on in the next process.
        if traits.losesRecords { lost = Set(table.keys.indices) }
        forgetEvidence()
        phase = .catchingUp(since: table.now)
        process += 1
        store = ReplicaStore()
        hub = Self.hub(store, feedLimits, traits)
        store.publish(writer.snapshot())
    }

    private func restore(_ record: ItemRecord) -> Bool {
        record.withKeyBytes { key in
            record.withPackedItem { item in
                writer.restore(
                    StoredRecord(
                        seq: record.seq,
                        at: record.at,
                        cause: record.cause,
                        version: record.version.flatMap(SequenceNumber.init),
                        key: key,
                        item: record.isTombstone ? nil : item
                    )
                )
            }
        }
    }

    // MARK: The stream

    /// How many records of a shard can be read now.
    private func readable(_ shard: Int) -> Int {
        let records = table.records[shard]
        while visible[shard].count < records.count {
            let at = table.writes[records[visible[shard].count]].at
            var delay = 0
            if traits.lateness > 0 { delay = random.chance(10) ? random.below(traits.lateness) : random.below(300) }
            visible[shard].append(max(visible[shard].last ?? 0, at + Int64(delay)))
        }
        var count = visible[shard].count
        while count > 0, visible[shard][count - 1] > table.now { count -= 1 }
        return count
    }

    private func read(isQuiet: Bool) {
        let before = writer.seq
        for shard in next.indices {
            let end = readable(shard)
            let limit = isQuiet || random.chance(70) ? end : min(end, next[shard] + random.below(3))
            // At times the last records come again.
            if next[shard] > 0, next[shard] <= end, random.chance(10) {
                let write = table.records[shard][next[shard] - 1]
                // Of a removal that was forgotten nobody could tell that it was known.
                if table.writes[write].value != nil { apply(write) }
            }
            while next[shard] < limit {
                let write = table.records[shard][next[shard]]
                if traits.losesRecords, number == 0, !isQuiet, case .live = phase, random.chance(4) {
                    lost.insert(table.writes[write].key)
                } else {
                    apply(write)
                }
                next[shard] += 1
                passed[shard] = max(passed[shard] ?? 0, table.stamp(write) - 1)
            }
            // Stamps are cut to whole seconds.
            if next[shard] >= end { quiet[shard] = earliest - 1_000 }
        }
        guard case .live = phase else { return }
        if !lost.isEmpty, isQuiet || random.chance(traits.repairPercent) { repair() }
        publish(isNews: writer.seq != before)
    }

    private func publish(isNews: Bool) {
        if let claim = evidence { writer.completed(claim) }
        if isNews { store.publish(writer.snapshot()) } else { store.refresh(writer.snapshot()) }
    }

    private var evidence: Int64? {
        var least: Int64?
        for shard in next.indices {
            guard let own = [quiet[shard], passed[shard]].compactMap(\.self).max() else { return nil }
            least = min(least ?? own, own)
        }
        return least
    }

    private func apply(_ write: Int) {
        if let claim, table.stamp(write) <= claim { late.insert(write) }
        let change = table.writes[write].change
        guard traits.readsItems else {
            _ = writer.apply(change)
            return
        }
        writer.mayHold(latest)
        _ = writer.apply(
            Change(
                key: change.key,
                outcome: table.outcome(table.writes[write].key),
                version: change.version,
                at: change.at,
                cause: .stream
            )
        )
    }

    /// Puts right what a lost record left wrong: to the state as of what has been read.
    private func repair() {
        for key in lost.sorted() {
            let shard = key % traits.shards
            let applied = table.records[shard][..<next[shard]].last { table.writes[$0].key == key }
            guard let applied else { continue }
            let wanted = traits.readsItems ? table.outcome(key) : table.writes[applied].change.outcome
            guard held(key) != wanted else { continue }
            repairs += 1
            if mutation == .firstRepairIgnored {
                let change = Change(key: table.keys[key], outcome: wanted, version: nil, at: latest, cause: .repair)
                _ = writer.apply(change)
            } else {
                writer.repair(table.keys[key], wanted, at: latest)
            }
        }
        lost = []
    }

    private func held(_ key: Int) -> Change.Outcome {
        guard let record = writer.snapshot().record(for: table.keys[key]) else { return .remove }
        return .put(record.withPackedItem { Item(packed: Array($0)) })
    }

    // MARK: The scan

    private var hasReadAll: Bool { next.indices.allSatisfy { next[$0] >= readable($0) } }

    private func scan() {
        if case .catchingUp(let since) = phase, table.now - since >= 1_000, hasReadAll { goLive() }
        guard case .scanning(var key, var end) = phase else { return }
        for _ in 0..<random.within(1...3) where key < traits.keys {
            if let row = table.row(key) { _ = writer.applyScanRows(row, at: table.now) }
            key += 1
        }
        if key == traits.keys, end == nil { end = table.now }
        phase = .scanning(next: key, end: end)
        // Everything from before the end of the scan must have been read.
        if let end, table.now - end >= 1_000, hasReadAll { goLive() }
    }

    private func goLive() {
        writer.endBootstrap()
        phase = .live
        publish(isNews: true)
    }
}
