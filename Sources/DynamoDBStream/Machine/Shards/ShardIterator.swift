/// The service's handle on a place in a shard. It lives 15 minutes and is never saved.
struct ShardIterator: Sendable, Hashable {
    let token: String
    /// It stands at the oldest record of a shard that was opened at LATEST: the first page read with it begins a replay.
    let opensReplay: Bool
}
