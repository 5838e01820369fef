/// The store's bounds, each with what happens at it.
package struct StoreLimits: Sendable, Hashable {
    /// Tombstones kept for resuming readers once a generation is published; the oldest go first and the horizon rises.
    package var maximumTombstones = 100_000
    /// How long a tombstone is kept, by the times of the changes that come after it; then it goes and the horizon rises.
    package var tombstoneAge: Duration = .seconds(86_400)
    /// What the newest steps (`ChangeHistory`) may keep in memory; the oldest go first. 0 keeps none.
    package var historyBytes = 16 << 20
    /// Entries of a tree node (at least 4): more make lookups shallower and a write after a snapshot dearer.
    package var nodeCapacity = 48
    /// About how many bytes of memory a record takes beside its contents: its allocation's head and its places in the trees.
    static let recordOverhead = 128
    /// The defaults.
    package init() {}
}
