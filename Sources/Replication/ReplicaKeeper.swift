/// Keeps a store equal to what it replicates: a table's stream (`Replicator`), or another replica.
package protocol ReplicaKeeper: Sendable {
    /// The state, for any thread.
    var status: ReplicationStatus { get }
    /// The part of the status that every response needs, for any thread. Milliseconds; nil while unknown.
    var stateAndLag: (state: ReplicaState, lagMilliseconds: Int64?) { get }
    /// Reports a stall once, and its end. Called a few times a second by a thread that the keeper has no part in.
    func watchForStalls()
    /// Replicates until the task is cancelled. Throws when the start cannot succeed, or where the settings end the process at a gap.
    func run() async throws(ReplicationFailure)
}

extension Replicator: ReplicaKeeper {}
