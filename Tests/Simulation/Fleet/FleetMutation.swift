/// Faults of a fleet, each to be planted alone. All are planted from outside of the product.
package enum FleetMutation: String, CaseIterable, Sendable {
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
}
