/// Every bound of the feed, in one place, with what happens at it.
package struct FeedLimits: Sendable, Hashable {
    /// Streams open at once; one more is told `busy` and ended.
    package var maximumSubscribers = 20_000
    /// A shared frame is cut at the first event that reaches this many bytes.
    package var frameBytes = 16_384
    /// Bytes of shared frames kept; the oldest are dropped and encoded again when somebody needs them.
    package var cachedFrameBytes = 8_388_608
    /// How long new subscribers share one snapshot base, and with it the frames of their snapshots.
    package var snapshotBaseAge: Duration = .seconds(1)
    /// Silence after which a stream sends a bookmark, unless the subscriber asks for another.
    package var heartbeat: Duration = .seconds(15)
    /// What a subscriber may ask for.
    package var heartbeatRange: ClosedRange<Duration> = .seconds(1)...(.seconds(300))
    /// The longest `timeout` a subscriber may ask for.
    package var maximumTimeout: Duration = .seconds(86_400)
    /// Milliseconds after which a client should reconnect; a drain spreads its clients over four times as much.
    package var retryMilliseconds = 1000
    package init() {}
}
