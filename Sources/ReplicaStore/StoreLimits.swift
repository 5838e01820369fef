/// The store's bounds, each with what happens at it.
package struct StoreLimits: Sendable, Hashable {
    /// Tombstones kept for resuming readers once a generation is published; the oldest go first and the horizon rises.
    package var maximumTombstones = 100_000
    package init() {}
}
