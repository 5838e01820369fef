import Feed
import ItemQuery
import ReplicaStore
import TableModel

/// A page of the first load. It walks the keys, whose order all replicas share, so each page may come from another one.
///
/// Each step reads the newest snapshot: what the page holds between two is a key. The feed continues behind `start`, which covers all
/// that was read since the first page (`Position.merged`).
struct LoadPage {
    /// How a step ended.
    enum Step: Sendable, Hashable {
        /// There is more to look through than one turn may take.
        case again
        /// `FeedLimits.pieceBytes` have gathered: take them, and read on.
        case piece
        /// The page is complete.
        case complete
    }

    private let feed: FeedRequest
    private let limits: FeedLimits
    private let apiLimits: APILimits
    /// Changes at most.
    private let limit: Int
    private var walk: ItemWalk
    private var changes: [UInt8] = []
    private var taken = 0
    private var told = 0
    /// The position from which the feed continues; nil before the first step of a load.
    private(set) var start: Position?
    /// The position of the newest snapshot that was read.
    private(set) var asOf: Position?
    /// Whether all pages were read as of `start`, and of nothing later.
    private(set) var isOfOneInstant: Bool
    /// Whether no key is left.
    private(set) var isLast = false

    /// A page that begins behind `cursor`, or with the first key.
    init(_ feed: FeedRequest, filter: ItemFilter, cursor: ListCursor?, limits: FeedLimits, apiLimits: APILimits) {
        self.feed = feed
        self.limits = limits
        self.apiLimits = apiLimits
        limit = feed.limit ?? limits.defaultPageChanges
        walk = ItemWalk(
            filter: filter,
            order: .ascending,
            representation: feed.representation,
            after: cursor?.lastKey
        )
        start = cursor?.start
        isOfOneInstant = cursor == nil
    }

    /// Where the next page begins; nil on the last page.
    var cursor: ListCursor? {
        guard !isLast, let after = walk.after, let start else { return nil }
        return ListCursor(lastKey: after, start: start)
    }

    /// Changes told so far.
    var count: Int { told }

    /// Bytes of all changes told so far.
    var size: Int { taken + changes.count }

    /// The changes that have gathered, which are the caller's from now on.
    mutating func takeChanges() -> [UInt8] {
        defer { changes = [] }
        taken += changes.count
        return changes
    }

    /// Reads on, for one turn.
    mutating func read(in snapshot: StoreSnapshot) -> Step {
        if let asOf, asOf.epoch != snapshot.position.epoch || asOf.seq != snapshot.position.seq {
            isOfOneInstant = false
        }
        start = start.map { snapshot.own($0).merged(with: snapshot.position) } ?? snapshot.position
        asOf = snapshot.position
        let envelope = RowEnvelope(snapshot: snapshot, representation: feed.representation)
        let (tellsPuts, tellsRemovals) = (feed.operation != .remove, feed.operation != .put)
        let (limit, pageBytes) = (limit, limits.pageBytes)
        let whole = apiLimits.pageBudget
        let rest = WalkBudget(records: whole.records - walk.examined, bytes: whole.bytes - walk.work)
        let isBegun = taken > 0
        var (output, told) = (changes, told)
        changes = []
        func tell(_ append: (inout [UInt8]) -> Void) -> Bool {
            if told == limit || taken + output.count >= pageBytes { return false }
            if isBegun || !output.isEmpty { output.append(UInt8(ascii: ",")) }
            append(&output)
            told += 1
            return true
        }
        let step = walk.step(
            in: snapshot,
            budget: apiLimits.stepBudget.within(rest),
            unreadable: { record in !tellsRemovals || tell { envelope.appendUnreadable(record, to: &$0) } },
            { record in !tellsPuts || tell { envelope.appendPut(record, to: &$0) } }
        )
        changes = output
        self.told = told
        switch step {
        case .finished:
            isLast = true
            return .complete
        case .stopped: return .complete
        case .paused:
            guard walk.examined < whole.records, walk.work < whole.bytes else { return .complete }
            return changes.count >= limits.pieceBytes ? .piece : .again
        }
    }
}
