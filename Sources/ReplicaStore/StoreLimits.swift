/// The store's bounds, each with what happens at it.
package struct StoreLimits: Sendable, Hashable {
    /// Tombstones kept for resuming readers once a generation is published; the oldest go first and the horizon rises.
    package var maximumTombstones = 100_000
    /// Entries of a tree node (at least 4): more make lookups shallower and a write after a snapshot dearer.
    package var nodeCapacity = 48
    /// The defaults.
    package init() {}
}
