import Basics
import Dispatch
import Glibc
package import ReplicaStore
import Synchronization

/// Loads and saves the state of one directory, on a queue of its own: its callers suspend, and nothing else waits for the disk.
///
/// The directory may belong to another process at first: the predecessor in a rolling update, or one whose lock a file server keeps for
/// the length of a lease.
package actor StateSession {
    private nonisolated let executor = QueueExecutor(label: "tablecast.state")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// When a first save is left unfinished: nanoseconds of the suspending clock, 0 while nobody has asked for a stop.
    private nonisolated let deadline = Atomic<Int64>(0)
    private nonisolated let grace: Duration
    /// The bounds of the state.
    package nonisolated let limits: StateLimits
    /// Nanoseconds by the suspending clock: the grace is for work, and a suspended machine does none.
    private nonisolated let now: @Sendable () -> Int64
    /// The directory as it was named.
    package nonisolated let path: String
    /// Nil while another process holds the directory: nothing in it is read or written then.
    private var held: (directory: StateDirectory, file: StateFile)?
    private nonisolated let holds = Atomic<Bool>(false)
    /// Whether the lock was removed while this process had it. Another process may have read the state since and gone on with its ids.
    private var isLost = false
    private nonisolated let progress = LoadProgress()

    /// Keeps the state in a directory. `now` replaces the clock in tests.
    package init(
        directory: StateDirectory,
        limits: StateLimits = StateLimits(),
        now: @escaping @Sendable () -> Int64 = SystemClock.suspendingNanoseconds
    ) {
        self.path = directory.path
        self.limits = limits
        self.now = now
        grace = limits.stopGrace
        held = (directory, StateFile(directory: directory, limits: limits, progress: progress))
        holds.store(true, ordering: .releasing)
    }

    /// Keeps the state in a directory that another process still holds. Nothing is loaded or saved before `claim` succeeds.
    package init(
        awaiting path: String,
        limits: StateLimits = StateLimits(),
        now: @escaping @Sendable () -> Int64 = SystemClock.suspendingNanoseconds
    ) {
        self.path = path
        self.limits = limits
        self.now = now
        grace = limits.stopGrace
    }

    /// Whether the directory belongs to this process: for any thread, also while the volume does not respond.
    package nonisolated var isHeld: Bool { holds.load(ordering: .acquiring) }

    /// Takes the directory unless the session has it. A state that the other process left in it is replaced by the first save, unless it
    /// is loaded before.
    package func claim() throws(StateDirectoryError) {
        guard held == nil else { return }
        guard !isLost else { throw .lockRemoved(path: path) }
        let directory = try StateDirectory(path)
        held = (directory, StateFile(directory: directory, limits: limits, progress: progress))
        holds.store(true, ordering: .releasing)
    }

    /// The state's file, if the directory still belongs to this process. One whose lock was removed is given up.
    private func ownFile() throws(StateTrouble) -> StateFile {
        guard let held else { throw StateTrouble("the state directory \(path) belongs to another process") }
        guard held.directory.isCurrent else {
            holds.store(false, ordering: .releasing)
            self.held = nil
            isLost = true
            throw StateTrouble(StateDirectoryError.lockRemoved(path: path).description)
        }
        return held.file
    }

    /// The same as a value.
    package func claimed() -> Result<Void, StateDirectoryError> {
        Result { () throws(StateDirectoryError) in try claim() }
    }

    /// See `StateFile.load`.
    package func load(
        expecting identity: StateIdentity,
        at wall: Int64,
        storeLimits: StoreLimits
    ) throws(StateRejection) -> RestoredState? {
        guard let held else { throw .unreadable("the state directory \(path) belongs to another process") }
        return try held.file.load(expecting: identity, at: wall, storeLimits: storeLimits)
    }

    /// The same as a value, for a table of which less may be known.
    package func restored(
        expecting expectation: StateExpectation,
        at wall: Int64,
        storeLimits: StoreLimits,
        obstacle: @escaping LoadObstacle = { _ in nil }
    ) -> Result<RestoredState?, StateRejection> {
        Result { () throws(StateRejection) in
            guard let held else { throw .unreadable("the state directory \(path) belongs to another process") }
            return try held.file.load(expecting: expectation, at: wall, storeLimits: storeLimits, obstacle: obstacle)
        }
    }

    /// Records that the present or last load has read: for any thread, also while the volume does not respond.
    package nonisolated var loadedRecords: Int { progress.records }

    /// The trouble of a volume that has not responded for so long.
    package nonisolated func unresponsive(for patience: Duration) -> StateTrouble {
        StateTrouble(
            "saving to \(path) has not ended after \(patience.wholeSeconds) s: the volume does not respond"
        )
    }

    /// See `StateFile.save`.
    package func save(
        _ snapshot: StoreSnapshot,
        _ mark: StateMark,
        of identity: StateIdentity,
        isLast: Bool = false
    ) throws(StateTrouble) -> StateSaveReport? {
        try ownFile().save(snapshot, mark, of: identity, isLast: isLast) {
            let deadline = deadline.load(ordering: .relaxed)
            return deadline != 0 && now() >= deadline
        }
    }

    /// The same as a value.
    package func outcome(
        of snapshot: StoreSnapshot,
        _ mark: StateMark,
        _ identity: StateIdentity,
        isLast: Bool
    ) -> Result<StateSaveReport?, StateTrouble> {
        Result { () throws(StateTrouble) in try save(snapshot, mark, of: identity, isLast: isLast) }
    }

    /// The time that a first save has after `stop`, in whole seconds.
    package nonisolated var graceSeconds: Int64 { grace.wholeSeconds }

    /// The process is asked to stop: a first save that is not done within `StateLimits.stopGrace` from the first call on is left
    /// unfinished. Without it the next start reads the table, as this one did.
    package nonisolated func stop() {
        let end = now() + grace.wholeNanoseconds
        _ = deadline.compareExchange(expected: 0, desired: end, ordering: .relaxed)
    }

    /// See `StateFile.abandon`. Another generation follows, so whatever was asked to stop has stopped.
    package func abandon(_ reason: String) throws(StateTrouble) {
        deadline.store(0, ordering: .relaxed)
        if held != nil { try ownFile().abandon(reason) }
    }

    /// The same as a value.
    package func abandoned(_ reason: String) -> Result<Void, StateTrouble> {
        Result { () throws(StateTrouble) in try abandon(reason) }
    }

    /// Ends the work with the file.
    package func close() { held?.file.close() }
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
