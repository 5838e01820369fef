import Dispatch
import Glibc
import Service
import Synchronization

/// Runs work that blocks, on a thread of its own and never on the pool that tasks share, and tells it when a signal asks for an end.
enum BlockingWork {
    /// Whether an end was asked for.
    final class Stop: Sendable {
        private let flag = Atomic(false)
        var isAsked: Bool { flag.load(ordering: .relaxed) }
        func ask() { flag.store(true, ordering: .relaxed) }

        /// Sleeps for a while, or until an end was asked for.
        func pause(_ duration: Duration) {
            let end = ContinuousClock.now + duration
            while !isAsked, ContinuousClock.now < end {
                let left = (end - ContinuousClock.now).components
                let milliseconds = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000
                _ = poll(nil, 0, Int32(clamping: min(100, max(1, milliseconds))))
            }
        }
    }

    static func run<Answer: Sendable>(_ work: @escaping @Sendable (Stop) -> Answer) async -> Answer {
        let signals = StopSignals()
        signals.install()
        let stop = Stop()
        let watch = Task { if await signals.first() != nil { stop.ask() } }
        defer { watch.cancel() }
        let queue = DispatchQueue(label: "tablecast.blocking")
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work(stop)) }
        }
    }
}
