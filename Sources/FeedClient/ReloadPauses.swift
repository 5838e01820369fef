/// Growing pauses between two loads of the whole contents, while resets follow each other: behind one address there may be replicas
/// that do not know each other's positions. A value; times are those of one clock.
struct ReloadPauses: Sendable {
    private let limits: FeedClientLimits
    /// Spreads pauses: the percentage of the next one, so that readers that were reset together do not return together.
    private let percentage: @Sendable () -> Int
    /// Resets that followed each other.
    private(set) var count = 0
    private var nextAt: Duration?

    init(limits: FeedClientLimits, percentage: @escaping @Sendable () -> Int) {
        self.limits = limits
        self.percentage = percentage
    }

    /// A reset came. One after a long calm is a first one.
    mutating func note(at now: Duration) {
        if let nextAt, now - nextAt > limits.calmAfter { count = 0 }
        let pause = min(limits.longestReloadPause, limits.firstReloadPause * (1 << min(count, 10)))
        nextAt = now + pause * percentage() / 100
        count += 1
    }

    /// The time until the contents may be loaded again.
    func pause(at now: Duration) -> Duration { nextAt.map { max(.zero, $0 - now) } ?? .zero }
}
