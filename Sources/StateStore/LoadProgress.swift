import Synchronization

/// How far a load has come, for threads that do not wait for it.
final class LoadProgress: Sendable {
    private let count = Atomic<Int>(0)

    var records: Int { count.load(ordering: .relaxed) }

    func note(_ records: Int) { count.store(records, ordering: .relaxed) }
}
