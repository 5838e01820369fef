/// When a shard was found to have been read to its end.
struct ShardEnd: Sendable, Hashable {
    /// By the continuous clock; nil for a restored shard before its first listing.
    let continuous: Duration?
    /// Milliseconds since 1970 UTC, which outlive the process; nil where the saved state does not tell.
    let wallMilliseconds: Int64?

    init(continuous: Duration?, wallMilliseconds: Int64?) {
        self.continuous = continuous
        self.wallMilliseconds = wallMilliseconds
    }

    init(_ time: StreamTime) {
        self.init(continuous: time.continuous, wallMilliseconds: time.recordMilliseconds)
    }
}
