import Dispatch
import Glibc
import Synchronization

/// Blocks whoever comes to it while it is closed, as a full pipe or a volume that does not respond would. It lets them go after a generous
/// time, so that a test that fails ends.
package final class Gate: Sendable {
    private static let patience: Duration = .seconds(40)
    private let closed = Atomic(false)
    private let held = Atomic(0)

    package init() {}

    package var isClosed: Bool { closed.load(ordering: .acquiring) }
    /// Whether somebody is blocked.
    package var isHolding: Bool { held.load(ordering: .acquiring) > 0 }

    package func close() { closed.store(true, ordering: .releasing) }
    package func open() { closed.store(false, ordering: .releasing) }

    /// Blocks the thread.
    package func pass() {
        guard isClosed else { return }
        held.add(1, ordering: .acquiringAndReleasing)
        let end = ContinuousClock.now + Self.patience
        while isClosed, ContinuousClock.now < end { usleep(1_000) }
        held.subtract(1, ordering: .acquiringAndReleasing)
    }

    /// Holds back the task, and no thread; cancelling does not help.
    package func passSuspended() async {
        let end = ContinuousClock.now + Self.patience
        while isClosed, ContinuousClock.now < end {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(2)) { continuation.resume() }
            }
        }
    }
}

/// Looks whether `condition` holds, like `comesTrue`, on a thread outside of the pool that tasks share: for tests that block threads of
/// the pool, which may have only one. `atLast` is done there as well, before the test goes on.
package func comesTrueElsewhere(
    within limit: Duration = .seconds(60),
    _ condition: @escaping @Sendable () -> Bool,
    atLast: @escaping @Sendable () -> Void = {}
) async -> Bool {
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "test.elsewhere").async {
            let deadline = ContinuousClock.now + limit
            var holds = condition()
            while !holds, ContinuousClock.now < deadline {
                usleep(2_000)
                holds = condition()
            }
            atLast()
            continuation.resume(returning: holds)
        }
    }
}
