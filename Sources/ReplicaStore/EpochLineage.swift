/// The epochs that some contents have had: each name change, and the seq at which it was made.
///
/// A follower takes a new epoch when it goes on with an upstream that counts in other seqs. What it holds up to then keeps its seqs, so
/// positions of the old epoch up to there still mean the same.
struct EpochLineage: Sendable, Hashable {
    private struct Name: Sendable, Hashable {
        let epoch: Epoch
        let last: UInt64
    }

    /// Names remembered. A reader with an older one is placed by its times, as one from another replica.
    private static let limit = 8

    /// Oldest first.
    private var names: [Name] = []

    /// The contents had the name `epoch` up to `seq`.
    mutating func renamed(_ epoch: Epoch, at seq: UInt64) {
        names.append(Name(epoch: epoch, last: seq))
        if names.count > Self.limit { names.removeFirst() }
    }

    /// Whether a position of `epoch` at `seq` means the same in these contents.
    func covers(_ epoch: Epoch, _ seq: UInt64) -> Bool {
        names.contains { $0.epoch == epoch && seq <= $0.last }
    }
}
