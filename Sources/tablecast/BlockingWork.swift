import Basics
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
            let end = SystemClock.continuous() + duration
            while !isAsked {
                let left = (end - SystemClock.continuous()).millisecondsToWait
                if left == 0 { return }
                _ = poll(nil, 0, min(100, left))
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
