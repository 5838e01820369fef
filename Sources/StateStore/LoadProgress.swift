import Synchronization

/// Tells a load that has read so many records why it must not continue; nil while it may.
package typealias LoadObstacle = @Sendable (_ records: Int) -> String?

/// How far a load has come, for threads that do not wait for it.
final class LoadProgress: Sendable {
    private let count = Atomic<Int>(0)

    var records: Int { count.load(ordering: .relaxed) }

    func note(_ records: Int) { count.store(records, ordering: .relaxed) }
}
