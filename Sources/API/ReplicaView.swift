import Basics
package import ReplicaStore
package import Replication

/// What an answer says about the replica: small, since every answer reads it.
package struct ReplicaConditions: Sendable, Hashable {
    package var state: ReplicaState
    /// Nil while unknown.
    package var lagMilliseconds: Int64?
    package init(state: ReplicaState, lagMilliseconds: Int64?) {
        self.state = state
        self.lagMilliseconds = lagMilliseconds
    }
}

/// The replica as the handlers see it. Its closures are called on event loops and must not block.
package struct ReplicaView: Sendable {
    package let store: ReplicaStore
    package let conditions: @Sendable () -> ReplicaConditions
    package let status: @Sendable () -> ReplicationStatus
    /// Milliseconds since 1970 UTC.
    package let wallMilliseconds: @Sendable () -> Int64

    package init(
        store: ReplicaStore,
        conditions: @escaping @Sendable () -> ReplicaConditions,
        status: @escaping @Sendable () -> ReplicationStatus,
        wallMilliseconds: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.conditions = conditions
        self.status = status
        self.wallMilliseconds = wallMilliseconds
    }

    /// The published snapshot, or a 503 that says what the replica is waiting for.
    func snapshot() throws(Problem) -> StoreSnapshot {
        if let snapshot = store.snapshot { return snapshot }
        let status = status()
        let what = status.isWithheld ? "is being rebuilt and held back meanwhile" : "is not complete yet"
        throw Problem(
            503,
            .replicaNotReady,
            "The replica \(what): \(status.sentence)",
            .reasonCode(status.reasonCode.rawValue),
            .retryAfter(seconds: 1)
        )
    }
}

extension ReplicaView {
    /// A 503 when the replica is further behind the table than `maximum`, or how far is not known. Nil asks for nothing.
    func require(_ maximum: Duration?) throws(Problem) {
        guard let maximum else { return }
        let lag = conditions().lagMilliseconds
        if let lag, .milliseconds(lag) <= maximum { return }
        let behind = lag.map { "\($0) ms behind the table" } ?? "behind the table by an unknown time"
        throw Problem(
            503,
            .replicaTooStale,
            "The replica is \(behind), and max_lag allows \(DurationText.format(maximum)): \(status().sentence)",
            .parameter("max_lag"),
            .reasonCode(status().reasonCode.rawValue),
            .retryAfter(seconds: 1)
        )
    }
}

extension ReplicationStatus {
    /// The reason, closed by one full stop: what a failed call says has its own.
    var sentence: String { reason.hasSuffix(".") ? reason : "\(reason)." }
}

extension ReplicaState {
    /// What `Replica-State` says: a reader needs to know whether to trust, to wait, or to allow for old data.
    var headerValue: String {
        switch self {
        case .starting, .syncing: "syncing"
        case .live: "live"
        case .stale, .rebuilding: "stale"
        }
    }
}
