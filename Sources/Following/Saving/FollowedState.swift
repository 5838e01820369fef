import Basics
import ReplicaStore
import Replication
import StateStore
import Synchronization

/// Keeps a follower's contents across restarts: loads them at the start, and saves again and again what the newest bookmark has proved.
///
/// The follower's thread only leaves here what is to be done; it never waits for the disk. There is no queue: each save takes the newest
/// contents.
final class FollowedState: Sendable {
    private let context: SavingContext
    private let session: StateSession
    private let claim: StateClaim
    private let reading: StateReading
    private let writer: StateWriter
    private let wanted = Mutex(Wanted())

    private struct Wanted {
        /// What is to be saved next.
        var newest: (contents: ProvedContents, readAt: Int64?)?
        /// The saved state must not be resumed, for this reason.
        var abandoned: String?
        /// The state that was loaded is not used: the next save begins a new file.
        var isGivenUp = false
        /// Why nothing can be saved.
        var obstacle: String?
    }

    init(_ context: SavingContext, _ session: StateSession) {
        self.context = context
        self.session = session
        claim = StateClaim(context, session)
        reading = StateReading(context, session)
        writer = StateWriter(context, session)
    }

    // MARK: Loading

    /// Loads the state of the table that the operator named, or of any; nil where there is none to go on with. Waits for a directory that
    /// another process has.
    func load(table: String?, storeLimits: StoreLimits, memory: MemoryReadings) async -> RestoredContents? {
        guard await claim.wait() else { return nil }
        context.reporter.explain(Reason(.resuming, "reading the saved state"))
        do throws(StateRejection) {
            let found = try await reading.restored(
                expecting: .follower,
                at: context.time.wallMilliseconds(),
                storeLimits: storeLimits,
                obstacle: memory.loadObstacle
            )
            guard let found else {
                context.reporter.update { $0.savedState?.start = "\(context.otherwise): no state had been saved" }
                return nil
            }
            let contents = try contents(of: found, table: table)
            context.reporter.update {
                $0.savedState?.streamReadAt = contents.readAt
                $0.savedState?.start = "loaded; it is shown only while the upstreams are away"
            }
            return contents
        } catch {
            reading.reject(error)
            // What had been read of it is freed.
            if case .tooLarge = error { memory.release() }
            await writer.giveUp()
            return nil
        }
    }

    private func contents(of found: RestoredState, table: String?) throws(StateRejection) -> RestoredContents {
        if let table, !TableName(found.identity).isNamed(table) {
            throw .otherTable(TableName(found.identity).description)
        }
        guard let place = FollowedPlace(decoding: found.positions) else {
            throw .damaged("its place in the upstream cannot be read")
        }
        guard place.fits(found.writer) else { throw .damaged("its items are not those that a bookmark had proved") }
        return RestoredContents(state: found, place: place)
    }

    // MARK: For the follower's thread

    /// An upstream continues from the state, under this epoch.
    func resumes(_ contents: RestoredContents, _ epoch: Epoch) {
        let age = contents.readAt.map { max(0, context.time.wallMilliseconds() - $0) / 1_000 }
        reading.announce(contents.state, epoch: epoch, age: age)
    }

    /// The state that was loaded is not used. One whose items were found to be wrong must not be resumed by a later process either.
    func reject(_ rejection: StateRejection) {
        reading.reject(rejection)
        wanted.withLock { wanted in
            wanted.isGivenUp = true
            if case .damaged(let reason) = rejection { wanted.abandoned = reason }
        }
    }

    /// Readers may hold what is not the upstream's: what was saved leads to it, so it must not be resumed.
    func distrust(_ reason: String) {
        wanted.withLock { wanted in
            wanted.newest = nil
            wanted.abandoned = reason
        }
    }

    /// A bookmark has come, and `contents` is what it has proved; nil where that cannot be saved. They have the stream up to `readAt`, in
    /// milliseconds since 1970 UTC; nil where that is not known.
    func settled(_ contents: ProvedContents?, readAt: Int64?) {
        wanted.withLock { wanted in
            wanted.newest = contents.map { ($0, readAt) }
            wanted.obstacle =
                contents == nil
                ? "the state is not saved: the upstream does not tell all that a restart needs (its stream, and a digest of all items)"
                : nil
        }
    }

    /// Readers see nothing any more: nothing is kept for a save either.
    func forget() { wanted.withLock { $0.newest = nil } }

    // MARK: Saving

    /// Saves until the task is cancelled.
    func run() async {
        var failures = 0
        while await context.pauseBeforeSave(failures: failures) {
            guard await claim.look() else { continue }
            failures = await work() ? 0 : failures + 1
        }
    }

    /// The follower has ended: saves the rest. `shown` is what readers saw last.
    func end(shown: StoreSnapshot?) async {
        // What is in the directory of another process is that process's.
        guard session.isHeld else { return }
        session.stop()
        _ = await work(shown: shown, isStopping: true)
        await writer.close()
    }

    /// Does what is wanted; true unless it failed.
    private func work(shown: StoreSnapshot? = nil, isStopping: Bool = false) async -> Bool {
        let wanted = wanted.withLock { wanted in
            defer { (wanted.abandoned, wanted.isGivenUp) = (nil, false) }
            return wanted
        }
        // The mark is written before the file is closed.
        var stillBad: String?
        if let reason = wanted.abandoned {
            if await !writer.abandon(reason) { stillBad = reason }
            // It has ended the grace of the stop.
            if isStopping { session.stop() }
        }
        if wanted.isGivenUp { await writer.giveUp() }
        if let obstacle = wanted.obstacle { writer.withhold(obstacle) }
        guard let newest = wanted.newest else {
            keep(stillBad)
            return stillBad == nil
        }
        let isSaved = await save(newest, shown: shown, isStopping: isStopping)
        // A save takes the place of what could not be marked.
        if !isSaved { keep(stillBad) }
        return isSaved
    }

    /// Tries again to give up the saved state, unless there is a newer reason.
    private func keep(_ reason: String?) { wanted.withLock { $0.abandoned = $0.abandoned ?? reason } }

    private func save(_ newest: (contents: ProvedContents, readAt: Int64?), shown: StoreSnapshot?, isStopping: Bool)
        async -> Bool
    {
        let (contents, readAt) = newest
        let mark = StateMark(positions: contents.place.encoded, streamReadAt: readAt)
        // Clients may have been told of changes that no bookmark has proved.
        let isLast = isStopping && shown?.position.seq == contents.snapshot.position.seq
        return await writer.save(
            contents.snapshot,
            mark,
            of: contents.identity,
            isStopping: isStopping,
            isLast: isLast
        )
    }
}
