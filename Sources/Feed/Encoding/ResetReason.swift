/// Why a subscriber must forget what it has.
package enum ResetReason: String, Sendable, Hashable, CaseIterable {
    /// The id is not a position.
    case unreadablePosition = "unreadable-position"
    /// The position belongs to another life of the replica, or to another replica, and cannot be placed by its times: it has none, or this
    /// replica is younger.
    case otherEpoch = "other-epoch"
    /// The position belongs to a replica of another table or stream, or of one that leaves out other attributes.
    case otherStream = "other-stream"
    /// Removals since the position have been forgotten.
    case positionGone = "position-gone"
    /// The position lies ahead of this replica.
    case futurePosition = "future-position"
    /// Steps since the position have left the history (mode `all`).
    case overrun
    /// The replica was rebuilt while the subscriber was connected.
    case rebuilt
}
