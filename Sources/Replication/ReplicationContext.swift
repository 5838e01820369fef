import Basics
import DynamoDBClient
import ReplicaStore

/// The settings, services and reporter that every part of replication works with.
struct ReplicationContext: Sendable {
    let settings: ReplicationSettings
    let table: any DynamoDBAPI
    let streams: any DynamoDBStreamsAPI
    let store: ReplicaStore
    let time: TimeSource
    let reporter: StateReporter
    let start: StartWatch
    let memory: MemoryWatch
    /// The Region that is called.
    let region: @Sendable () -> CalledRegion

    var limits: ReplicationLimits { settings.limits }

    /// The bounds of the start at this moment.
    var startRule: StartRule {
        let isServing = reporter.readiness.hasServed && !reporter.written.isWithheld
        return StartRule(settings, servesReaders: isServing || start.hasSavedState)
    }

    /// Sleeps; false when the task is cancelled.
    func pause(_ duration: Duration) async -> Bool {
        guard !Task.isCancelled else { return false }
        return duration == .zero ? true : (try? await time.sleep(duration)) != nil
    }

    /// Takes the contents from readers. On the replicator's executor: nothing may be published meanwhile.
    func withhold() {
        guard store.snapshot != nil else { return }
        reporter.update { $0.isWithheld = true }
        store.withdraw()
    }

    /// The same during a rebuild whose contents do not fit beside those.
    func dropContents(_ reason: String) {
        reporter.update { $0.memory.droppedContents += 1 }
        // The reason first: whoever is refused must hear it.
        reporter.transition { $0.dropContents(reason) }
        withhold()
        reporter.observe(.contentsDropped(reason: reason))
        memory.release()
    }

    /// Reads single items of the table.
    func itemFetch(_ target: ReplicationTarget) -> ItemFetch {
        ItemFetch(api: table, table: target.tableReference, schema: target.keySchema, limits: limits, time: time)
    }
}
