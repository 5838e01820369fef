import Dispatch
package import ReplicaStore
import Synchronization

/// The state of one directory, kept on a queue of its own: whoever waits for it suspends, and nothing else waits for the disk.
package actor StateKeeper {
    private nonisolated let executor = QueueExecutor(label: "tablecast.state")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let stopping = Atomic(false)
    private let directory: StateDirectory
    private let file: StateFile

    /// Keeps the state in a directory.
    package init(directory: StateDirectory, limits: StateLimits = StateLimits()) {
        self.directory = directory
        file = StateFile(directory: directory, limits: limits)
    }

    /// See `StateFile.load`.
    package func load(
        expecting identity: StateIdentity,
        at wall: Int64,
        storeLimits: StoreLimits
    ) throws(StateRejection) -> RestoredState? {
        try file.load(expecting: identity, at: wall, storeLimits: storeLimits)
    }

    /// See `StateFile.save`.
    package func save(
        _ snapshot: StoreSnapshot,
        _ mark: StateMark,
        of identity: StateIdentity,
        isLast: Bool = false
    ) throws(StateTrouble) -> StateSaveReport? {
        try file.save(snapshot, mark, of: identity, isLast: isLast) { stopping.load(ordering: .relaxed) }
    }

    /// From now on a first save that is not done is left unfinished: without it the next start reads the table, as this one did.
    package nonisolated func stop() { stopping.store(true, ordering: .relaxed) }

    /// See `StateFile.abandon`.
    package func abandon(_ reason: String) throws(StateTrouble) { try file.abandon(reason) }

    /// Ends the work with the file.
    package func close() { file.close() }
}

/// Runs an actor's jobs on a private queue, so that blocking there blocks nobody else.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label, qos: .utility) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
