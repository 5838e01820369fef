/// Decides when table and replica are compared. Pure: the caller asks once in `ReplicationLimits.verifyInterval`.
///
/// With `verifyUnitsPerSecond` comparisons follow each other without end. Without it, a comparison begins only after records were skipped
/// because their keys cannot be read: otherwise an item would stay old until a restart. Items that an earlier process could not read are
/// read once more, since this process may be of a release that can.
struct VerificationSchedule {
    enum Step: Sendable, Hashable {
        case rest
        /// The whole table with the whole replica.
        case compare
        /// The items that are kept by their keys alone.
        case readUnreadable
    }

    private let isContinuous: Bool
    private let limits: ReplicationLimits
    /// An earlier process recorded some items as unreadable.
    private var hasInherited: Bool
    private var passes = 0
    private var compareFrom: Duration?

    /// `isContinuous`: comparing was asked for. `isResumed`: the contents come from a saved state.
    init(isContinuous: Bool, isResumed: Bool, limits: ReplicationLimits) {
        self.isContinuous = isContinuous
        self.limits = limits
        hasInherited = isResumed
    }

    /// The step that is due at `now`, by the continuous clock.
    mutating func next(skippedRecords: Int, unreadable: Int, at now: Duration) -> Step {
        if isContinuous { return .compare }
        if skippedRecords > 0, now >= compareFrom ?? now { return .compare }
        if unreadable == 0 { hasInherited = false }
        return hasInherited ? .readUnreadable : .rest
    }

    /// A step has come to its end. `isComplete`: it left nothing open. `skippedRecords`: those that are left after it.
    mutating func ended(_ step: Step, isComplete: Bool, skippedRecords: Int, at now: Duration) {
        if isComplete { hasInherited = false }
        guard step == .compare else { return }
        passes += 1
        guard skippedRecords == 0 || passes >= limits.repairPasses else { return }
        passes = 0
        compareFrom = now + limits.repairInterval
    }
}
