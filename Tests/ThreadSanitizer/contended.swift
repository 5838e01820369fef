import Dispatch
import Synchronization

/// A number that four threads raise under one lock: no race.
final class Counter: Sendable { let state = Mutex(0) }

let counter = Counter()
DispatchQueue.concurrentPerform(iterations: 4) { _ in
    for _ in 0..<20_000 { counter.state.withLock { $0 += 1 } }
}
