import Basics

/// Decides whether a new generation follows one that has ended, and after which wait. Pure: the caller gives the time.
struct RebuildSchedule: Sendable {
    /// A rebuild that is due.
    struct Rebuild: Sendable, Hashable {
        let reason: Reason
        /// The time between the end of the old generation and the new one.
        let wait: Duration
        /// It follows a generation that did not fit into memory: more memory ends the wait.
        var needsMemory = false
    }

    private let gapPolicy: GapPolicy
    /// A start that somebody waits for ends where another would pause.
    private let isStartLimited: Bool
    private let limits: ReplicationLimits
    /// Rebuilds in a row.
    private var rebuilds = 0
    /// Generations in a row that did not fit into memory.
    private var full = 0
    /// The stream that its endpoint does not know, and since when.
    private var missing: (streamARN: String, since: Duration)?

    init(_ settings: ReplicationSettings) {
        gapPolicy = settings.gapPolicy
        isStartLimited = settings.startTimeout != nil
        limits = settings.limits
    }

    /// The rebuild after `end`; nil when the replicator was cancelled. `liveFor` is how long readers saw the generation, `isResumed` whether
    /// it began with a saved state; `now` is by the continuous clock. Throws where the process ends instead.
    mutating func next(
        after end: GenerationEnd,
        of target: ReplicationTarget,
        liveFor: Duration?,
        isResumed: Bool,
        hasBeenLive: Bool,
        at now: Duration
    ) throws(ReplicationFailure) -> Rebuild? {
        let reason: Reason
        switch end {
        case .cancelled: return nil
        case .rebuild(let why):
            // Before anybody was shown anything, another stream is no loss: the table is read after it was found.
            let isLoss = hasBeenLive || isResumed || why.code == .gap || why.code == .unusableRecord
            if isLoss, gapPolicy == .exit { throw .gap(why.text) }
            if isLastingAbsence(why, target, at: now), !hasBeenLive { throw .streamMissing(target) }
            reason = why
        case .failed(let failure):
            guard hasBeenLive else { throw failure }
            reason = Reason(.scanFailed, failure.description)
        case .full(let failure):
            // Not the end of the process otherwise: whoever starts it again would have it read the table again, with the same outcome.
            guard hasBeenLive || !isStartLimited else { throw failure }
            let wait = limits.memoryBackoff.bound(failures: full)
            full += 1
            let text =
                "\(failure.description) The next attempt follows in \(DurationText.format(wait)), or when the limit is raised."
            return Rebuild(reason: Reason(.insufficientMemory, text), wait: wait, needsMemory: true)
        }
        if liveFor != nil { full = 0 }
        if let liveFor, liveFor >= limits.rebuildForgiveness { rebuilds = 0 }
        defer { rebuilds += 1 }
        return Rebuild(reason: reason, wait: limits.rebuildWait(rebuilds: rebuilds))
    }

    /// Whether the table has named a stream for longer than `startLimit` that its endpoint does not know. The table was described again
    /// before each generation.
    private mutating func isLastingAbsence(_ reason: Reason, _ target: ReplicationTarget, at now: Duration) -> Bool {
        guard reason.code == .streamMissing else {
            missing = nil
            return false
        }
        let since = missing.flatMap { $0.streamARN == target.streamARN ? $0.since : nil } ?? now
        missing = (target.streamARN, since)
        return now - since >= limits.startLimit
    }
}
