import Dispatch
import Synchronization

/// A number that four threads raise beside a lock that they also take: a race.
final class Counter: @unchecked Sendable {
    // A race on purpose, for the sanitizer to find.
    var number = 0
    let state = Mutex(0)
}

let counter = Counter()
DispatchQueue.concurrentPerform(iterations: 4) { _ in
    for _ in 0..<20_000 {
        counter.state.withLock { $0 += 1 }
        counter.number += 1
    }
}
