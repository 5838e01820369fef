import Dispatch
import Synchronization

/// Looks after something a few times a second, on a thread of its own: it is there from the beginning and waits for nobody, so nothing
/// that it watches can keep it from looking.
final class Watchdog: Sendable {
    /// The time between two looks.
    static let interval = DispatchTimeInterval.milliseconds(250)

    private let thread = DispatchQueue(label: "tablecast.watchdog")
    private let isStopped = Atomic(false)
    private let stopped = DispatchSemaphore(value: 0)

    /// Calls `look` from now on until `stop`; it must not block.
    func start(_ look: @escaping @Sendable () -> Void) {
        thread.async {
            while !self.isStopped.load(ordering: .relaxed) {
                look()
                _ = self.stopped.wait(timeout: .now() + Self.interval)
            }
        }
    }

    /// Ends the thread.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        stopped.signal()
    }
}
