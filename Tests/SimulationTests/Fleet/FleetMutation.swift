/// Faults of a fleet, each to be planted alone. All are planted from outside of the product.
enum FleetMutation: String, CaseIterable, Sendable {
    /// A replica does not wait until it has reached what a subscriber may hold.
    case noWait
    /// A subscriber goes on exactly at `low`, as if no record were late.
    case noOverlap
    /// `low` says what `high` says.
    case highForLow
    /// A restart forgets that removals were forgotten.
    case horizonForgotten
    /// A replica that began later than the subscriber stopped takes it all the same.
    case youngAccepted
    /// After a move a subscriber of a filter is only told of what left it since its place.
    case leavesWithoutSeen
    /// A walk over several replicas takes the latest `low` of its pages.
    case mergedTakesLatestLow
    /// A walk over several replicas takes the earliest `high` of its pages.
    case mergedForgetsHigh
    /// What a comparison put right is not told again to subscribers of other replicas.
    case firstRepairIgnored
    /// A follower shows rows of a load as they come, before the bookmark.
    case rowsShownEarly
    /// A follower goes on from its upstream's head, and not from what it has.
    case resumesAhead
    /// A replica leaves removals out of the rows that it tells a follower.
    case rowsWithoutRemovals
    /// A follower that moves to another replica goes on exactly at `low`.
    case movesWithoutOverlap
    /// A follower that was found to differ loads again under the name that its readers know.
    case epochKeptAfterDifference
    /// The cursor of a first load forgets where the load began.
    case cursorForgetsStart

    /// Whether followers are what it is about.
    var isOfFollowers: Bool {
        switch self {
        case .rowsShownEarly, .resumesAhead, .rowsWithoutRemovals, .movesWithoutOverlap, .epochKeptAfterDifference:
            true
        default: false
        }
    }
}
