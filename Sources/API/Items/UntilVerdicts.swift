import ItemQuery
import ReplicaStore
import Synchronization

/// Whether an item's state satisfies a predicate, found once for all requests that wait for the same.
///
/// A state is named by its epoch and seq, so a verdict never becomes wrong; it only leaves when newer ones need its place.
final class UntilVerdicts: Sendable {
    /// A predicate and a state of an item.
    private struct Key: Hashable {
        let epoch: Epoch
        let seq: UInt64
        let predicate: UntilPredicate

        static func == (left: Key, right: Key) -> Bool {
            left.seq == right.seq && left.epoch == right.epoch && left.predicate.digest == right.predicate.digest
                && left.predicate.expression == right.predicate.expression
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(seq)
            hasher.combine(predicate.digest)
        }
    }

    private let limits: APILimits
    private let verdicts = Mutex<[Key: Bool]>([:])

    init(limits: APILimits) { self.limits = limits }

    /// Whether the test of a state takes long enough to be worth a look for an earlier verdict, and has none.
    func isCostly(_ predicate: UntilPredicate, _ record: ItemRecord, epoch: Epoch) -> Bool {
        guard cost(predicate, record) > limits.untilWork else { return false }
        let key = Key(epoch: epoch, seq: record.seq, predicate: predicate)
        return verdicts.withLock { $0[key] == nil }
    }

    /// Whether the item satisfies the predicate.
    func isSatisfied(_ predicate: UntilPredicate, by record: ItemRecord, epoch: Epoch) -> Bool {
        guard cost(predicate, record) > limits.untilWork else { return test(predicate, record) }
        let key = Key(epoch: epoch, seq: record.seq, predicate: predicate)
        if let known = verdicts.withLock({ $0[key] }) { return known }
        // Outside the lock: two loops may find the same at once, but none waits for the other.
        let verdict = test(predicate, record)
        verdicts.withLock { verdicts in
            if verdicts.count >= limits.untilVerdicts { verdicts.removeAll(keepingCapacity: true) }
            verdicts[key] = verdict
        }
        return verdict
    }

    /// Verdicts that are kept.
    var count: Int { verdicts.withLock(\.count) }

    private func cost(_ predicate: UntilPredicate, _ record: ItemRecord) -> Int {
        record.withPackedItem { $0.count } * predicate.expression.operandCount
    }

    private func test(_ predicate: UntilPredicate, _ record: ItemRecord) -> Bool {
        record.withPackedItem { predicate.expression.matches($0) }
    }
}

/// The predicate of `until`, with a digest of its text: the text has up to four kilobytes.
struct UntilPredicate: Sendable {
    let expression: WhereExpression
    let digest: Int

    init(_ expression: WhereExpression) {
        self.expression = expression
        digest = expression.hashValue
    }
}
