import Basics

/// How long bookmarks are on their way, beyond the shortest way seen on their connection: a bookmark may wait in buffers behind megabytes.
///
/// The two clocks need no common zero. They may drift apart by a few milliseconds in an hour.
struct Transit: Sendable, Hashable {
    private var shortest: Duration?

    /// The excess of a bookmark that came at `now`, by any one clock; zero where the upstream did not say when it was sent.
    mutating func excess(_ mark: UpstreamMark, at now: Duration) -> Duration {
        guard let sent = mark.sentAt else { return .zero }
        let way = now - sent
        let least = min(shortest ?? way, way)
        shortest = least
        return way - least
    }
}

extension UpstreamMark {
    /// The same with a lag that includes so much time on the way.
    func delayed(by excess: Duration) -> UpstreamMark {
        var mark = self
        mark.lagMilliseconds = lagMilliseconds.map { $0 + max(0, excess.wholeMilliseconds) }
        return mark
    }
}
