import Synchronization

/// How many requests wait for an answer, and that they are not too many.
package final class WaitingRoom: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)

    package init(limit: Int) { self.limit = limit }

    /// Requests that wait now.
    var occupants: Int { count.load(ordering: .relaxed) }

    /// Takes a place, or throws a 503. Who took one must `leave`.
    func enter() throws(Problem) {
        guard count.add(1, ordering: .relaxed).newValue <= limit else {
            leave()
            throw Problem(
                503,
                .overloaded,
                "Too many requests wait for an answer: ask without `Prefer: wait`, or later.",
                retryAfterSeconds: 1
            )
        }
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}
