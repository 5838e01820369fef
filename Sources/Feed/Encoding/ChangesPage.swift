package import ReplicaStore

/// The feed a page at a time: the encoding of one cursor as a JSON array. Confined to its owner.
package final class ChangesPage {
    /// A page as it stands.
    package struct Contents: Sendable {
        /// The changes' envelopes that were not taken before, with commas between.
        package let changes: [UInt8]
        package let count: Int
        /// The position of another replica from which the page continues; nil where it is this replica's own.
        package let movedFrom: Position?
        /// Where to go on from.
        package let next: Position
        /// Whether there is more at once.
        package let hasMore: Bool
        /// The replica's position when it was read.
        package let asOf: Position
    }

    /// What there is for the reader.
    package enum Step {
        case page(Contents)
        /// `FeedLimits.pieceBytes` have gathered: take them, and read on.
        case piece
        /// The page would be empty.
        case nothing(Contents)
        /// There is more to look through than one turn may take: read on when others have had theirs.
        case again
        /// The reader may hold newer states than the replica has: nothing may be told yet.
        case behind
        /// It cannot go on from where it asked to.
        case gone(ResetReason)
    }

    private let hub: FeedHub
    private var reader: FeedReader
    private let limit: Int
    private var changes: [UInt8] = []
    /// Bytes taken before.
    private var taken = 0
    /// Changes looked at since the page has something to tell.
    private var visited = 0
    /// Where the page stands, and as of when: what it ends with when it cannot go on.
    private var standing: Position
    private var asOf: Position
    private var movedFrom: Position?

    /// Places the page's cursor. `request.limit` is the number of changes at most.
    package init(
        hub: FeedHub,
        request: FeedRequest,
        snapshot: StoreSnapshot,
        now: Duration
    ) throws(FeedFilterError) {
        self.hub = hub
        var request = request
        request.encoding = .lines
        limit = request.limit ?? hub.limits.defaultPageChanges
        request.limit = limit
        reader = try FeedReader(hub: hub, request: request, snapshot: snapshot, now: now)
        standing = reader.position
        asOf = snapshot.position
    }

    deinit { reader.close() }

    /// Whether something of the page is told: then it can only end, and not be refused.
    private var isBegun: Bool { taken > 0 || !changes.isEmpty }

    /// The changes that have gathered, which are the caller's from now on.
    package func takeChanges() -> [UInt8] {
        defer { changes = [] }
        taken += changes.count
        return changes
    }

    /// Reads on, for one turn. A page is full at its limit of changes or bytes; one that is not holds all there is, or what was found
    /// in `FeedLimits.visitedPerPage`. One that is begun and cannot go on ends where it stands: whoever resumes there hears why.
    package func read(_ snapshot: StoreSnapshot, now: Duration) -> Step {
        var visitedNow = 0
        var delivery = FeedHub.Delivery()
        defer { if delivery.events > 0 { hub.count(delivery) } }
        while reader.remaining > 0, taken + changes.count < hub.limits.pageBytes {
            if changes.count >= hub.limits.pieceBytes { return .piece }
            guard visitedNow < hub.limits.visitedPerTurn else { return .again }
            switch reader.next(in: snapshot, now: now) {
            case .reset(let reason):
                if isBegun { return .page(contents(hasMore: true)) }
                hub.countReset(reason)
                return .gone(reason)
            case .moved(let position):
                movedFrom = position
                standing = reader.position
                hub.countMove()
            case .behind: return .behind
            case .ready: continue
            case .frame(let frame, let isNew):
                append(frame)
                standing = reader.position
                asOf = snapshot.position
                visitedNow += frame.visited
                if isBegun { visited += frame.visited }
                delivery.events += frame.count
                delivery.bytes += frame.bytes.count
                if isNew { delivery.encoded += 1 } else { delivery.shared += 1 }
                // A long search of a selective filter ends the page early rather than the turn late.
                if visited >= hub.limits.visitedPerPage { return .page(contents(snapshot)) }
            case .idle:
                return isBegun ? .page(contents(snapshot)) : .nothing(contents(snapshot))
            }
        }
        return .page(contents(snapshot))
    }

    /// The page as it stands, when there is nothing to read on from.
    package func end() -> Contents { contents(hasMore: true) }

    private func append(_ frame: FeedFrame) {
        guard frame.count > 0 else { return }
        if isBegun { changes.append(UInt8(ascii: ",")) }
        let start = changes.count
        changes += frame.bytes.dropLast()
        // A line feed ends an envelope and is never within one: JSON text on one line has it escaped.
        for index in start..<changes.count where changes[index] == UInt8(ascii: "\n") {
            changes[index] = UInt8(ascii: ",")
        }
    }

    private func contents(hasMore: Bool) -> Contents {
        Contents(
            changes: changes,
            count: limit - reader.remaining,
            movedFrom: movedFrom,
            next: standing,
            hasMore: hasMore,
            asOf: asOf
        )
    }

    private func contents(_ snapshot: StoreSnapshot) -> Contents {
        Contents(
            changes: changes,
            count: limit - reader.remaining,
            movedFrom: movedFrom,
            next: reader.position,
            hasMore: reader.position.seq < snapshot.position.seq,
            asOf: snapshot.position
        )
    }
}
