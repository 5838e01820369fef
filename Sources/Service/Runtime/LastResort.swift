import Basics
import Dispatch
import Glibc
import Synchronization
import Telemetry

/// Ends the process when its orderly end does not come in time, whatever is blocked: a thread of its own that is there from the
/// beginning, waits for a moment, and calls `Program.endNow`. It needs no other thread, no actor, and no reader of the log.
final class LastResort: Sendable {
    private struct Order {
        /// By the suspending clock: the time is for work, and a suspended machine does none.
        let moment: Duration
        let status: ExitStatus
        let line: String?
    }

    private let limits: StopLimits
    private let thread = DispatchQueue(label: "tablecast.last-resort")
    private let order = Mutex<Order?>(nil)
    private let changed = DispatchSemaphore(value: 0)
    private let isStarted = Atomic(false)

    init(limits: StopLimits) { self.limits = limits }

    /// Starts the thread.
    func start() {
        guard isStarted.exchange(true, ordering: .relaxed) == false else { return }
        thread.async { self.watch() }
    }

    /// Ends the process with `status` after `patience`, with one line for the operator. Of several orders the earliest counts.
    func arm(after patience: Duration, status: ExitStatus, _ line: String?) {
        start()
        let moment = SystemClock.suspending() + patience
        order.withLock { order in
            if let order, order.moment <= moment { return }
            order = Order(moment: moment, status: status, line: line)
        }
        changed.signal()
    }

    /// The end came by itself, and the process goes on: nothing is left to do.
    func disarm() { order.withLock { $0 = nil } }

    private func watch() {
        while true {
            guard let order = order.withLock({ $0 }) else {
                changed.wait()
                continue
            }
            let left = (order.moment - SystemClock.suspending()).millisecondsToWait
            if left > 0 {
                _ = changed.wait(timeout: .now() + .milliseconds(Int(left)))
                continue
            }
            // The line goes out through its queue: whoever does not read standard error must not hold this up, too.
            if let line = order.line { Program.complain(line) }
            LogQueue.standardError.flush(within: limits.lastWords)
            Program.endNow(order.status.rawValue)
        }
    }
}
