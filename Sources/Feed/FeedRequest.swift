package import ReplicaStore

/// How items and keys appear in a feed.
package enum FeedFormat: String, Sendable, Hashable, CaseIterable {
    /// Plain JSON.
    case plain
    /// DynamoDB's typed JSON, lossless.
    case dynamodb
}

/// Whether a feed starts with everything there is.
package enum SnapshotPolicy: String, Sendable, Hashable, CaseIterable {
    /// A snapshot unless a resumable position came with the request.
    case auto
    /// A snapshot whatever position came.
    case always
    /// Only changes.
    case never
}

/// Where a feed starts, as the client asked.
package enum FeedStart: Sendable, Hashable {
    /// Nothing was said.
    case unsaid
    /// From the first row: a snapshot.
    case zero
    /// Only what comes next.
    case now
    /// After a position.
    case position(Position)
    /// An id that no server ever made: a reset.
    case unreadable

    /// Reads `since`: `0`, `now` or a position; nil for anything else.
    package init?(since text: String) {
        switch text {
        case "0": self = .zero
        case "now": self = .now
        default:
            guard let position = Position(text) else { return nil }
            self = .position(position)
        }
    }

    /// Reads a last event id. It never fails: a browser's `EventSource` would die of an error and could not drop the id.
    package init(lastEventID text: String) {
        guard let position = Position(text) else {
            self = .unreadable
            return
        }
        self = .position(position)
    }
}

/// What a subscriber asks for.
package struct FeedRequest: Sendable, Hashable {
    package var start: FeedStart
    package var snapshot: SnapshotPolicy
    package var format: FeedFormat
    /// Data events after which the feed ends; nil for no end.
    package var limit: Int?
    /// Time after which the feed ends; nil for no end.
    package var timeout: Duration?
    /// Silence after which a bookmark is sent.
    package var heartbeat: Duration

    package init(
        start: FeedStart = .unsaid,
        snapshot: SnapshotPolicy = .auto,
        format: FeedFormat = .plain,
        limit: Int? = nil,
        timeout: Duration? = nil,
        heartbeat: Duration = FeedLimits().heartbeat
    ) {
        self.start = start
        self.snapshot = snapshot
        self.format = format
        self.limit = limit
        self.timeout = timeout
        self.heartbeat = heartbeat
    }
}
