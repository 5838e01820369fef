package import Basics
import CurlTransport
import Dispatch
package import ReplicaStore
package import Replication
import Synchronization

/// Keeps a `ReplicaStore` equal to that of another Tablecast, an upstream, in place of a table's stream.
///
/// It follows one upstream at a time over one streamed response, on a thread of its own, which alone writes the contents.
package final class Follower: ReplicaKeeper {
    private let settings: FollowingSettings
    private let replication: ReplicationSettings
    private let store: ReplicaStore
    private let time: TimeSource
    private let memory: MemoryReadings
    private let reporter: StateReporter
    private let instance: String
    private let chainCell = Mutex<[String]>([])
    private let isStopping = Atomic(false)
    private let stopped = DispatchSemaphore(value: 0)
    private let thread = DispatchQueue(label: "tablecast.follower", qos: .userInitiated)

    /// Nothing is called yet. `replication` has the bounds of lag, of the store and of the start, `instance` is this process's id.
    package init(
        _ settings: FollowingSettings,
        replication: ReplicationSettings,
        instance: String,
        store: ReplicaStore,
        time: TimeSource,
        observer: any ReplicationObserver,
        memory: MemoryReadings = .unlimited
    ) {
        self.settings = settings
        self.replication = replication
        self.instance = instance
        self.store = store
        self.time = time
        self.memory = memory
        reporter = StateReporter(replication, savesState: false, following: "the upstream", time, observer)
    }

    /// Ids of the instances between this one and the stream, nearest first; empty while no upstream is followed. For any thread.
    package var chain: [String] { chainCell.withLock { $0 } }

    package var status: ReplicationStatus { reporter.status }
    package var stateAndLag: (state: ReplicaState, lagMilliseconds: Int64?) { reporter.stateAndLag }
    package func watchForStalls() { reporter.watchForStalls() }

    /// Follows until the task is cancelled. Throws where a start has not become live within its time; afterwards it waits every trouble out.
    package func run() async throws(ReplicationFailure) {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                thread.async { continuation.resume(returning: self.follow()) }
            }
        } onCancel: {
            isStopping.store(true, ordering: .relaxed)
            stopped.signal()
        }
        try outcome.get()
    }

    // MARK: On the follower's thread

    private func follow() -> Result<Void, ReplicationFailure> {
        let watch = FollowerWatch(settings, replication, reporter, time)
        let session = FollowerSession(
            settings,
            FollowerMachine.Identity(
                instance: instance,
                table: replication.tableName.isEmpty ? nil : replication.tableName
            ),
            contents: FollowedContents(store: store, limits: replication.storeLimits),
            tell: { watch.hear($0) }
        )
        let startedAt = time.continuous()
        while !isStopping.load(ordering: .relaxed) {
            let wait = exchange(session, watch, since: startedAt)
            if let failure = failure(since: startedAt, session) { return .failure(failure) }
            if isStopping.load(ordering: .relaxed) { break }
            watch.lost(session)
            let until = time.continuous() + wait
            while time.continuous() < until, !isStopping.load(ordering: .relaxed) {
                if let failure = failure(since: startedAt, session) { return .failure(failure) }
                watch.look(session)
                _ = stopped.wait(timeout: .now() + .milliseconds(50))
            }
        }
        return .success(())
    }

    /// One connection from its beginning to its end; returns the wait before the next one.
    private func exchange(_ session: FollowerSession, _ watch: FollowerWatch, since start: Duration) -> Duration {
        reporter.update { [memory] in $0.memory.limit = memory.limit() }
        let request = session.connect(at: time.continuous())
        let end: StreamedEnd
        do throws(UpstreamAccess.Unreadable) {
            var stream = try UpstreamAccess(settings).stream(request)
            let time = time
            var memoryWatch = LoadMemory(memory, settings.limits)
            var endsFor: String?
            stream.now = time.continuous
            stream.onHead = { head in
                session.receive(head)
                return .proceed
            }
            stream.onBytes = { bytes in
                let proceeds = bytes.withUnsafeBytes { session.receive($0, at: time.continuous()) }
                self.chainCell.withLock { $0 = session.chain }
                endsFor = memoryWatch.obstacle(after: bytes.count)
                if let endsFor, session.full(endsFor) { watch.dropped(endsFor) }
                watch.look(session)
                return proceeds && endsFor == nil ? .proceed : .stop
            }
            end = stream.run(shouldStop: {
                watch.look(session)
                return self.isStopping.load(ordering: .relaxed) || session.isSilent(at: time.continuous())
                    || self.failure(since: start, session) != nil
            })
            let wait = session.end(end, at: time.continuous(), fraction: time.random())
            return endsFor == nil ? wait : max(wait, settings.limits.fullPause)
        } catch {
            return session.end(unreadable: error.description, at: time.continuous(), fraction: time.random())
        }
    }

    /// The failure of a start that has taken longer than it may.
    private func failure(since start: Duration, _ session: FollowerSession) -> ReplicationFailure? {
        guard let timeout = replication.startTimeout, !reporter.readiness.hasServed,
            time.continuous() - max(start, session.usefulAt ?? start) >= timeout
        else { return nil }
        return ReplicationFailure(
            kind: session.trouble?.kind == .unusable ? .configuration : .runtime,
            message: session.trouble?.text ?? "\(session.upstream) has sent nothing",
            hint: "The start waits no longer than --start-timeout; check --follow"
        )
    }
}
