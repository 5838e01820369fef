package import ItemQuery
package import ReplicaStore
package import TableModel

/// Whether a feed starts with everything there is.
package enum SnapshotPolicy: String, Sendable, Hashable, CaseIterable {
    /// A snapshot unless a resumable position came with the request.
    case auto
    /// A snapshot whatever position came.
    case always
    /// Only changes.
    case never
}

/// Which changes a feed tells.
package enum FeedMode: String, Sendable, Hashable, CaseIterable {
    /// The newest state of each key; what lies between is left out when the reader is slower than the writer.
    case latest
    /// Every step, from the bounded history.
    case all
    /// For a replica that keeps the same contents with the same positions (`ReplicaStream`).
    case replica
}

/// What a feed in the mode `all` says of the state before a step.
package enum FeedDifference: String, Sendable, Hashable, CaseIterable {
    case none
    /// The whole old item, and the names of the attributes that changed.
    case old
    /// The names of the attributes that changed, and a JSON Patch (RFC 6902) from the old item to the new one.
    case patch
}

/// What a change does to the reader's items.
package enum FeedOperation: String, Sendable, Hashable, CaseIterable {
    case put, remove
}

/// How a feed is written.
package enum FeedEncoding: Sendable, Hashable {
    /// Server-sent events.
    case events
    /// NDJSON: a JSON object a line.
    case lines
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

/// Why a filter does not fit the table, in a sentence.
package struct FeedFilterError: Error, Sendable, Hashable {
    package let detail: String
    package init(detail: String) { self.detail = detail }
}

/// Which items a feed is about. Keys can only be read once the table's key is known, which may be after the feed began.
package struct FeedFilter: Sendable {
    /// Makes the filter for a table with this key.
    package let resolve: @Sendable (KeySchema) throws(FeedFilterError) -> ItemFilter

    package init(resolve: @escaping @Sendable (KeySchema) throws(FeedFilterError) -> ItemFilter) {
        self.resolve = resolve
    }
}

/// What a subscriber asks for.
package struct FeedRequest: Sendable {
    package var start = FeedStart.unsaid
    package var snapshot = SnapshotPolicy.auto
    package var mode = FeedMode.latest
    package var difference = FeedDifference.none
    package var encoding = FeedEncoding.events
    /// Whether the body is a gzip stream.
    package var isCompressed = false
    package var representation = ItemRepresentation()
    /// Nil for every item.
    package var filter: FeedFilter?
    /// Whether `ready` and `bookmark` say how many items there are. Not to one who may see some of the keys only.
    package var tellsItemCount = true
    /// Nil for both.
    package var operation: FeedOperation?
    /// Data events after which the feed ends; nil for no end.
    package var limit: Int?
    /// Time after which the feed ends; nil for no end.
    package var timeout: Duration?
    /// Silence after which a bookmark is sent.
    package var heartbeat = FeedLimits().heartbeat
    /// Changes are gathered and delivered once in so much time; zero delivers them as they come.
    package var batch = Duration.zero

    package init() {}
}
