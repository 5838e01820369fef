import Basics
import CurlTransport
import Feed
import HTTPServer
import ItemQuery
import ReplicaStore
import Simulation
import Synchronization
import TableModel

@testable import Following

/// A process that follows others: the real session over lines of the real feed, through a wire that is slow and breaks anywhere.
final class FleetFollower: FleetNode {
    /// A connection to an upstream, and the bytes on their way.
    struct Connection {
        let upstream: any FleetNode
        let process: Int
        let stream: ReplicaStream
        var wire: [UInt8] = []
        /// Rows of a load are coming, and not yet what was written since.
        var isLoad: Bool
    }

    let table: FleetTable
    let number: Int
    let traits: FleetTraits
    let mutation: FleetMutation?
    let record: FleetRecord
    private let upstreams: [any FleetNode]
    private let settings: FollowingSettings
    private let storeLimits: StoreLimits
    private let feedLimits: FeedLimits
    private var random: SimulationRandom
    private(set) var store = ReplicaStore()
    private(set) var hub: FeedHub
    private(set) var process = 0
    var late: Set<Int> = []
    var session: FollowerSession
    private var news: News
    private let chain: Chain
    var connection: Connection?
    private var retryAt: Duration = .zero
    private var pausedUntil: Int64 = 0
    /// Restarts of replicas as of the newest bookmark that was equal.
    var provedRestarts = 0
    var seenContradictions = 0
    /// Another replica continues, and no bookmark has proved it yet.
    var isMoving = false
    /// The words of a difference that was found.
    var difference: String?
    /// With a planted fault: the next session knows nothing of the difference that this one found.
    var forgets = false
    private var rows: FleetEarlyRows?
    var shown: Position?
    var counts = FleetCounts()
    private(set) var violations: [String] = []
    var story: ((String) -> Void)?

    private final class News { var hears: ((FollowerSession.News) -> Void)? }

    /// The ids of the processes behind the follower, which its hub tells.
    private final class Chain: Sendable {
        private let ids = Mutex<[String]>([])
        var all: [String] {
            get { ids.withLock { $0 } }
            set { ids.withLock { $0 = newValue } }
        }
    }

    /// `nodes` are the processes that it may follow: all that were made before it.
    init(
        _ index: Int,
        _ nodes: [any FleetNode],
        _ table: FleetTable,
        _ record: FleetRecord,
        _ mutation: FleetMutation?,
        random: inout SimulationRandom
    ) {
        number = 10 + index
        self.table = table
        self.record = record
        self.mutation = mutation
        traits = table.traits
        var random = SimulationRandom(seed: random.next())
        var (candidates, upstreams) = (nodes, [any FleetNode]())
        for _ in 0..<min(nodes.count, random.within(1...3)) {
            upstreams.append(candidates.remove(at: random.below(candidates.count)))
        }
        var settings = FollowingSettings()
        settings.upstreams = upstreams.map { "http://\($0.number)" }
        settings.limits.firstPause = .milliseconds(200)
        settings.limits.longestPause = .seconds(2)
        settings.limits.firstReloadPause = .milliseconds(200)
        settings.limits.longestReloadPause = .seconds(2)
        settings.limits.calmAfter = .seconds(5)
        self.settings = settings
        self.upstreams = upstreams
        var bounds = StoreLimits()
        bounds.maximumTombstones = random.chance(50) ? traits.maximumTombstones : 1_000
        bounds.historyBytes = random.chance(30) ? 3_000 : 1 << 20
        storeLimits = bounds
        var limits = FeedLimits()
        limits.maximumStreamAge = nil
        limits.resumeOverlap = .milliseconds(Int(FleetTraits.overlap))
        limits.frameBytes = random.within(1...900)
        limits.visitedPerFrame = random.within(1...30)
        limits.visitedPerTurn = random.within(1...60)
        limits.cachedFrameBytes = random.below(20_000)
        limits.snapshotBaseAge = .milliseconds(random.below(2_000))
        limits.replicaJoinWindow = .milliseconds(random.below(500))
        limits.replicaBookmarkInterval = .milliseconds(random.within(1...500))
        feedLimits = limits
        (news, chain) = (News(), Chain())
        session = Self.session(settings, store, bounds, news, number, 0)
        hub = Self.hub(store, limits, chain)
        self.random = random
        chain.all = ["f\(number).0"]
        news.hears = { [unowned self] in hear($0) }
    }

    private static func session(
        _ settings: FollowingSettings,
        _ store: ReplicaStore,
        _ limits: StoreLimits,
        _ news: News,
        _ number: Int,
        _ process: Int
    ) -> FollowerSession {
        FollowerSession(
            settings,
            FollowerMachine.Identity(instance: "f\(number).\(process)", table: nil),
            contents: FollowedContents(store: store, limits: limits),
            tell: { [unowned news] in news.hears?($0) }
        )
    }

    private static func hub(_ store: ReplicaStore, _ limits: FeedLimits, _ chain: Chain) -> FeedHub {
        FeedHub(
            store: store,
            limits: limits,
            retryHints: RetryHints(seed: 1),
            wallMilliseconds: { FleetTable.birth },
            source: { ReplicaSource(chain: chain.all, tableName: FleetTable.name, state: "live") },
            conditions: { FeedConditions(lagMilliseconds: nil, reason: "loading") }
        )
    }

    private var now: Duration { .milliseconds(table.now - FleetTable.birth) }
    private var fraction: Double { Double(random.below(1_000)) / 1_000 }

    func accuse(_ violation: String) {
        guard violations.count < 3 else { return }
        tell("VIOLATION \(violation)")
        violations.append("follower \(number) at \(table.now - FleetTable.birth) ms: \(violation)")
    }

    func tell(_ line: @autoclosure () -> String) {
        if let story { story("follower \(number): " + line()) }
    }

    // MARK: Life

    func act(isQuiet: Bool) {
        if !isQuiet {
            guard table.now >= pausedUntil else { return }
            // A process that is stopped keeps its connection.
            if random.chance(3) {
                pausedUntil = table.now + Int64(random.chance(50) ? random.below(2_000) : random.below(12_000))
                return
            }
            if random.chance(traits.followerRestartPercent) { return restart() }
        }
        if connection == nil, now >= retryAt { connect() }
        for _ in 0..<(isQuiet ? 100 : random.within(1...4)) where !exchange(isQuiet: isQuiet) { break }
        chain.all = ["f\(number).\(process)"] + session.chain
        noteLate()
    }

    /// The next process begins with nothing.
    private func restart() {
        tell("ends")
        connection?.stream.finished(.clientGone)
        connection = nil
        rows = nil
        process += 1
        store = ReplicaStore()
        beginSession()
        hub = Self.hub(store, feedLimits, chain)
        chain.all = ["f\(number).\(process)"]
        retryAt = now + .milliseconds(random.below(1_000))
    }

    private func beginSession() {
        count()
        session = Self.session(settings, store, storeLimits, news, number, process)
        (provedRestarts, seenContradictions, shown) = (0, 0, nil)
    }

    func count() {
        counts.followerLoads += session.counts.loads
        counts.followerResumptions += session.counts.resumptions
        counts.followerMoves += session.counts.moves
        counts.differences += session.counts.differences
    }

    // MARK: The wire

    private func connect() {
        let request = session.connect(at: now)
        guard let upstream = upstreams.first(where: { "http://\($0.number)" == request.upstream }),
            let permit = upstream.hub.admitFollower(address: UInt64(number))
        else { return accuse("no upstream \(request.upstream)") }
        var feed = FeedRequest()
        feed.mode = .replica
        feed.encoding = .lines
        feed.representation = ItemRepresentation(format: .dynamodb, numbers: .number)
        feed.start = request.since.map { .position(start($0, upstream)) } ?? .zero
        feed.heartbeat = .seconds(1)
        tell("asks \(upstream.number) for \(feed.start)")
        session.receive(
            ResponseHead(
                status: 200,
                version: "1.1",
                fields: [HTTPField(name: "content-type", value: "application/x-ndjson")]
            )
        )
        let stream = ReplicaStream(hub: upstream.hub, request: feed, permit: permit, isPartial: false)
        connection = Connection(
            upstream: upstream,
            process: upstream.process,
            stream: stream,
            isLoad: request.since == nil
        )
        rows = nil
    }

    /// Where the request says to go on: with a planted fault not where the follower is.
    private func start(_ position: Position, _ upstream: any FleetNode) -> Position {
        guard let head = upstream.store.snapshot?.position else { return position }
        switch mutation {
        case .resumesAhead where head.epoch == position.epoch && head.seq > position.seq: return head
        case .movesWithoutOverlap where head.epoch != position.epoch:
            guard let marks = position.watermarks else { return position }
            return Position(
                epoch: position.epoch,
                seq: position.seq,
                watermarks: Watermarks(
                    stream: marks.stream,
                    low: marks.low + FleetTraits.overlap,
                    high: marks.high
                )
            )
        default: return position
        }
    }

    /// One turn of the upstream's stream, and some of the bytes that are on their way. False when nothing more comes for now.
    private func exchange(isQuiet: Bool) -> Bool {
        guard var connection else { return false }
        let isGone = connection.upstream.process != connection.process
        var (isOver, isWaiting) = (isGone, false)
        // The upstream waits while the wire is full.
        if !isGone, connection.wire.count < 4_000 {
            var output: [UInt8] = []
            let budget = isQuiet ? 65_536 : random.within(1...800)
            let step = connection.stream.produce(into: &output, budget: budget, now: now)
            connection.wire += altered(output, &connection, isQuiet: isQuiet)
            isOver = step == .end
            isWaiting = step != .again
        }
        let isCut = !isQuiet && random.chance(4)
        var count = connection.wire.count
        if isGone || isCut || (!isQuiet && !isOver && random.chance(50)) { count = random.below(count + 1) }
        let bytes = Array(connection.wire.prefix(count))
        connection.wire.removeFirst(count)
        self.connection = connection
        let goesOn = bytes.isEmpty || deliver(bytes)
        if !goesOn || isOver || isCut || session.isSilent(at: now) {
            end(isCut ? .silent : .complete)
            return false
        }
        return !isWaiting || count > 0
    }

    /// Gives the session bytes in pieces. False when it wants the connection to end.
    private func deliver(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(random.chance(50) ? rest.count : random.within(1...rest.count)))
            rest = rest.dropFirst(piece.count)
            rows?.take(piece, into: store)
            let goesOn = piece.withUnsafeBytes { session.receive($0, at: now) }
            if mutation == .rowsShownEarly, session.contents.isLoading, rows == nil, let contents = session.described {
                rows = FleetEarlyRows(contents)
            }
            if !session.contents.isLoading { rows = nil }
            look()
            judgeDifference()
            guard goesOn else {
                judgeContradiction()
                return false
            }
        }
        return true
    }

    private func end(_ end: StreamedEnd) {
        connection?.stream.finished(.clientGone)
        connection = nil
        rows = nil
        let wait = session.end(end, at: now, fraction: fraction)
        tell("is cut off, and waits \(wait): \(session.trouble?.text ?? "")")
        retryAt = now + wait
        if forgets {
            forgets = false
            beginSession()
        }
    }

    /// Lines as they arrive where something on the way alters them.
    private func altered(_ output: [UInt8], _ connection: inout Connection, isQuiet: Bool) -> [UInt8] {
        let drops = mutation == .rowsWithoutRemovals
        guard drops || traits.altersItems else { return output }
        var result: [UInt8] = []
        for line in output.split(separator: UInt8(ascii: "\n")) {
            var text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix(#"{"event":"reset""#) { connection.isLoad = true }
            if text.hasPrefix(#"{"event":"ready""#) { connection.isLoad = false }
            if drops, connection.isLoad, text.hasPrefix(#"{"op":"remove""#) { continue }
            if traits.altersItems, !isQuiet, text.hasPrefix(#"{"op":"put""#), random.chance(traits.alterPercent) {
                text = older(text)
            }
            result += text.utf8
            result.append(UInt8(ascii: "\n"))
        }
        return result
    }

    /// A put with the item as it was one write before.
    private func older(_ line: String) -> String {
        guard let start = line.firstRange(of: #""w":{"N":""#)?.upperBound,
            let number = Int(line[start...].prefix { $0 != "\"" })
        else { return line }
        let write = table.writes[number]
        guard write.previous >= 0, let value = write.value, let before = table.writes[write.previous].value else {
            return line
        }
        tell("alters write \(number) of k\(write.key)")
        return line.replacing(#""w":{"N":"\#(number)"}"#, with: #""w":{"N":"\#(write.previous)"}"#)
            .replacing(#""v":{"N":"\#(value)"}"#, with: #""v":{"N":"\#(before)"}"#)
    }
}
