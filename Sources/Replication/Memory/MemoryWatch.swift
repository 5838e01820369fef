import Basics
import Synchronization

/// Keeps the replica within the memory of its process. Contents that do not fit beside old ones replace them; a scan that does not fit ends,
/// and the next follows after a pause; a replica that has grown too large takes only changes that need no more memory, and says so. The kernel
/// would end the process instead, and the next one would read the table with the same outcome.
final class MemoryWatch: Sendable {
    private struct State {
        var isFull = false
        /// Since when less than the mark has been in use, on the continuous clock.
        var belowSince: Duration?
        /// Why a live replica takes no changes that need memory.
        var obstacle: Reason?
        var judgement: MemoryJudgement?
        /// When freed memory was last given back, on the continuous clock.
        var releasedAt: Duration?
    }

    private let readings: MemoryReadings
    private let limits: ReplicationLimits
    private let time: TimeSource
    private let reporter: StateReporter
    private let state = Mutex(State())

    init(_ readings: MemoryReadings, _ limits: ReplicationLimits, _ time: TimeSource, _ reporter: StateReporter) {
        self.readings = readings
        self.limits = limits
        self.time = time
        self.reporter = reporter
    }

    /// The rule by which tables are judged.
    private var rule: MemoryRule? { readings.limit().map(MemoryRule.init) }
    /// The rule that contents are kept to. The memory of a whole machine bounds no single process: others use it as well, so nothing is
    /// taken from readers by it.
    private var bound: MemoryRule? { readings.limit().flatMap { $0.source == .machine ? nil : MemoryRule($0) } }

    /// Why a live replica takes no changes that need memory; nil while there is room.
    var obstacle: Reason? { state.withLock { $0.obstacle } }

    // MARK: Estimates

    /// Takes note of a description of the table, and tells when it changes the judgement.
    func note(_ table: TableMemory) {
        let rule = rule
        let judgement = rule?.judgement(of: table)
        reporter.update {
            $0.memory.tableBytes = table.contents == nil ? nil : table.bytes
            $0.memory.estimatedBytes = table.process
            $0.memory.limit = rule?.limit
        }
        let isNews = state.withLock { state in
            defer { state.judgement = judgement }
            return state.judgement != judgement
        }
        guard isNews, let rule, let judgement else { return }
        reporter.observe(.memoryEstimated(judgement, text: Self.sentence(table, rule, judgement)))
    }

    /// The failure of a start for a table that is far too large; nil where it may fit.
    func failure(_ target: ReplicationTarget) -> ReplicationFailure? {
        guard let rule, rule.judgement(of: target.memory) == .hopeless else { return nil }
        return .hopeless(target.tableName, Self.estimate(target.memory, rule))
    }

    /// Why the contents of `table` cannot be built beside those that are `shown`; nil where they can.
    func refusal(of table: TableMemory, beside shown: TableMemory) -> String? {
        guard let rule = bound, var used = readings.used() else { return nil }
        // DescribeTable's counts are old; the replica's own are as of the gap.
        let next = (table.contents ?? 0) > (shown.contents ?? 0) ? table : shown
        if !rule.fits(next, beside: used) {
            readings.release()
            used = readings.used() ?? used
        }
        guard !rule.fits(next, beside: used) else { return nil }
        return
            "the old contents were dropped, because new ones of about \(ByteText.format(next.contents ?? 0)) do not fit beside "
            + "\(ByteText.format(used)) in use; the limit is \(rule.limit.text)"
    }

    private static func estimate(_ table: TableMemory, _ rule: MemoryRule) -> String {
        "it needs about \(ByteText.format(table.process ?? 0)) by DescribeTable (TableSizeBytes \(table.bytes), ItemCount "
            + "\(table.items), up to six hours old), and the limit is \(rule.limit.text)"
    }

    private static func sentence(_ table: TableMemory, _ rule: MemoryRule, _ judgement: MemoryJudgement) -> String {
        let estimate = "memory for the table: \(estimate(table, rule))"
        switch judgement {
        case .roomy: return estimate
        case .once: return "\(estimate). Two copies do not fit, so a rebuild refuses reads"
        case .doubtful, .hopeless: return "\(estimate). It may not fit. \(MemoryLimit.remedy)"
        }
    }

    // MARK: Bounds

    /// Waits while memory is full; false when the task is cancelled. `follow` decides meanwhile what is to be done.
    func room() async -> Bool {
        while isFull() {
            guard (try? await time.sleep(limits.memoryBuildInterval)) != nil else { return false }
        }
        return true
    }

    /// Looks after memory for as long as the generation lives. Ends with one that does not fit, and at once where there is no limit.
    func follow(_ build: GenerationBuild) async -> GenerationEnd? {
        guard bound != nil else { return nil }
        var fullSince: Duration?
        while true {
            let isLive = await build.isLive
            let interval = isLive && fullSince == nil ? limits.memoryInterval : limits.memoryBuildInterval
            guard (try? await time.sleep(interval)) != nil else { break }
            guard isFull(), let rule = bound, let used = readings.used() else {
                fullSince = nil
                clear()
                continue
            }
            let now = time.continuous()
            let since = fullSince ?? now
            fullSince = since
            releaseSometimes(at: now)
            guard isFull() else { continue }
            if await build.isLive {
                stop(used, rule)
            } else if build.isResumed {
                // A saved state has fitted before. It goes live with the changes that are in hand, and says then that it is full.
                continue
            } else if await build.dropOldContents(Self.dropped(used, rule)) {
                fullSince = now
            } else if now - since >= limits.memoryPatience {
                clear()
                let items = reporter.written.scannedItems
                return .full(.full(build.target.tableName, Self.filled(used, rule, items: items)))
            }
        }
        clear()
        return .cancelled
    }

    /// Waits before a table that did not fit is read again, until the limit is raised at the latest. False when the task is cancelled.
    func pause(_ wait: Duration) async -> Bool {
        let began = time.continuous()
        let limit = readings.limit()
        release()
        while time.continuous() - began < wait, readings.limit().map({ $0.bytes <= limit?.bytes ?? .max }) ?? false {
            guard (try? await time.sleep(min(limits.troubledTableCheckInterval, wait))) != nil else { return false }
        }
        return !Task.isCancelled
    }

    /// Gives freed memory back to the system.
    func release() { readings.release() }

    /// Whether a part of the memory that is kept for what comes between two looks is still free.
    var hasReserve: Bool {
        guard let rule = bound, let used = readings.used() else { return true }
        return !rule.isReserveUsed(used)
    }

    /// Whether nothing can be applied, not even what needs no more memory in the end.
    var isExhausted: Bool {
        guard let rule = bound, let used = readings.used() else { return false }
        return rule.isExhausted(used)
    }

    /// Why a saved state cannot be loaded any further; nil while there is room for it. Contents that are as large as those of the process
    /// that saved them have room, also where they filled memory there.
    func loadObstacle(records: Int) -> String? {
        guard let rule = bound, let used = readings.used() else { return nil }
        // The loaded records are put in their order at the end, which takes some more.
        guard rule.isReserveUsed(used + Int64(records * Self.bytesToOrder)) else { return nil }
        return "after \(records) record(s) \(ByteText.format(used)) are in use, and the limit is \(rule.limit.text)"
    }

    /// Bytes of a record in the tree that orders the contents by their numbers.
    private static let bytesToOrder = 18

    /// Whether memory is full: from when too much is in use until less was for a while.
    func isFull() -> Bool {
        guard let rule = bound, let used = readings.used() else { return false }
        let now = time.continuous()
        return state.withLock { state in
            if rule.isFull(used) {
                (state.isFull, state.belowSince) = (true, nil)
            } else if state.isFull {
                // A moment below the mark is no room yet, and any longer time is, however little it is below.
                let since = state.belowSince ?? now
                state.belowSince = since
                if now - since >= limits.memoryPatience { (state.isFull, state.belowSince) = (false, nil) }
            }
            return state.isFull
        }
    }

    /// It walks through the heap, so not at every look.
    private func releaseSometimes(at now: Duration) {
        let isDue = state.withLock { state in
            if let last = state.releasedAt, now - last < limits.memoryPatience { return false }
            state.releasedAt = now
            return true
        }
        if isDue { release() }
    }

    /// A live replica takes no more changes that need memory.
    private func stop(_ used: Int64, _ rule: MemoryRule) {
        let text =
            "memory is full (\(ByteText.format(used)) in use, the limit is \(rule.limit.text)), so changes that need more are no longer taken. "
            + "\(MemoryLimit.remedy), before the stream forgets them after 24 hours"
        let isNews = state.withLock { state in
            defer { state.obstacle = state.obstacle ?? Reason(.insufficientMemory, text) }
            return state.obstacle == nil
        }
        guard isNews else { return }
        reporter.update { $0.memory.isFull = true }
        reporter.observe(.memoryFull(reason: text))
    }

    private func clear() {
        let wasFull = state.withLock { state in
            defer { state.obstacle = nil }
            return state.obstacle != nil
        }
        guard wasFull else { return }
        reporter.update { $0.memory.isFull = false }
        reporter.observe(.memoryFreed)
    }

    private static func dropped(_ used: Int64, _ rule: MemoryRule) -> String {
        "the old contents were dropped, because new ones do not fit beside them: \(ByteText.format(used)) in use, the limit is "
            + rule.limit.text
    }

    private static func filled(_ used: Int64, _ rule: MemoryRule, items: Int) -> String {
        "after \(items) item(s) of the scan \(ByteText.format(used)) are in use, and the limit is \(rule.limit.text)"
    }
}
