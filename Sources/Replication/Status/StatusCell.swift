import Synchronization

/// The status as replication writes it, for any thread to read. Nobody does anything else, such as I/O, while holding its locks.
final class StatusCell: Sendable {
    private let value: Mutex<ReplicationStatus>
    /// The part of it that every response needs, under a lock that is held for one short copy.
    private let known: Mutex<Freshness>

    init(_ status: ReplicationStatus) {
        value = Mutex(status)
        known = Mutex(Freshness(status, knownAt: nil))
    }

    var status: ReplicationStatus { value.withLock { $0 } }

    var freshness: Freshness { known.withLock { $0 } }

    /// Changes the status. `moment`, on the continuous clock, is when replication last looked at all that it follows; nil when the
    /// change does not come of that.
    func update(lookedAt moment: Duration? = nil, _ body: (inout ReplicationStatus) -> Void) {
        value.withLock { status in
            body(&status)
            known.withLock { known in known = Freshness(status, knownAt: moment ?? known.knownAt) }
        }
    }
}

extension Freshness {
    fileprivate init(_ status: ReplicationStatus, knownAt: Duration?) {
        self.init(
            state: status.state,
            lagMilliseconds: status.lagMilliseconds,
            servedAsOf: status.servedAsOf,
            knownAt: knownAt,
            isFrozen: status.servesSavedState
        )
    }
}
