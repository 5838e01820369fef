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

    /// Reads single items of the table.
    func itemFetch(_ target: ReplicationTarget) -> ItemFetch {
        ItemFetch(api: table, table: target.tableReference, schema: target.keySchema, limits: limits, time: time)
    }
}
