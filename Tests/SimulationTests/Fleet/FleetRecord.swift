import ReplicaStore

/// Every state that a node has had, by epoch and seq: the write that each key holds, -1 for none.
final class FleetRecord {
    private var states: [Epoch: [UInt64: [Int]]] = [:]
    /// The restarts that had been when a state was noted.
    private var ages: [Epoch: [UInt64: Int]] = [:]
    /// The seqs of a replica's epoch, in order.
    private var seqs: [Epoch: [UInt64]] = [:]
    /// Processes of replicas that went on from an older state.
    var restarts = 0

    /// Whether a replica made the contents of this epoch, and no follower under a name of its own.
    func isOfReplica(_ epoch: Epoch) -> Bool { seqs[epoch] != nil }

    /// Notes a state of a replica.
    func noteReplica(_ epoch: Epoch, _ seq: UInt64, _ state: [Int]) {
        note(epoch, seq, state, after: restarts)
        if seqs[epoch]?.last != seq { seqs[epoch, default: []].append(seq) }
    }

    /// Notes a state that a follower shows under its own name.
    func note(_ epoch: Epoch, _ seq: UInt64, _ state: [Int], after restarts: Int) {
        states[epoch, default: [:]][seq] = state
        ages[epoch, default: [:]][seq] = restarts
    }

    /// The restarts that had been when the state at a position was made; contents from before a restart may lack what comes after it.
    func restarts(at position: Position) -> Int { ages[position.epoch]?[position.seq] ?? 0 }

    /// The state at a position; nil where nobody had one there. A replica's state stays until its next seq.
    func state(at position: Position) -> [Int]? {
        if let state = states[position.epoch]?[position.seq] { return state }
        guard let last = seqs[position.epoch]?.last(where: { $0 <= position.seq }) else { return nil }
        return states[position.epoch]?[last]
    }
}
