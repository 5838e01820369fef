import Basics
import Feed
import HTTPServer
import ReplicaStore
import TableModel

/// A subscriber that holds what it was told, and holds every event against the table.
final class FleetClient {
    /// What a client asks for.
    struct Kind {
        let filter: FleetFilter
        let mode: FeedMode
        let encoding: FeedEncoding
        /// Whether it begins with a list whose pages come from several replicas.
        let walks: Bool
        let snapshot: SnapshotPolicy
    }

    let number: Int
    let kind: Kind
    private let table: FleetTable
    private let mutation: FleetMutation?
    private var random: SimulationRandom
    /// The write that each key in the filter holds.
    private(set) var map: [Int: Int] = [:]
    /// The newest write that was told of each key, and whether a row without a version told it.
    private var held: [Int: (write: Int, isRow: Bool)] = [:]
    private(set) var lastID: String?
    private(set) var isReady = false
    /// `ready` was told since the client began with nothing.
    private var isWhole = false
    private let replicas: [FleetReplica]
    private var replica: FleetReplica?
    private var process = 0
    private var stream: FeedStream?
    private var began: Position?
    /// What the present replica had forgotten, and since when it knew all, when the client came.
    private var hadHorizon = false
    private var birth: Int64?
    private var walk: (page: Int, position: Position?)?
    private(set) var counts = FleetCounts()
    private(set) var violations: [String] = []
    var story: ((String) -> Void)?

    init(
        _ number: Int,
        _ table: FleetTable,
        _ replicas: [FleetReplica],
        _ mutation: FleetMutation?,
        random: inout SimulationRandom
    ) {
        self.replicas = replicas
        self.number = number
        self.table = table
        self.mutation = mutation
        var random = SimulationRandom(seed: random.next())
        let filter = FleetFilter(hasPredicate: random.chance(45), hasRange: random.chance(25))
        let mode = random.chance(30) && !table.traits.readsItems ? FeedMode.all : .latest
        let walks = mode == .latest && random.chance(table.traits.walkPercent)
        kind = Kind(
            filter: filter,
            mode: mode,
            encoding: random.chance(50) ? .events : .lines,
            walks: walks,
            snapshot: !walks && random.chance(5) ? .always : .auto
        )
        self.random = random
        if walks { walk = (0, nil) }
    }

    private func accuse(_ violation: String) {
        guard violations.count < 3 else { return }
        story?("client \(number): VIOLATION \(violation)")
        violations.append("client \(number) at \(table.now - FleetTable.birth) ms: \(violation)")
    }

    private func tell(_ line: @autoclosure () -> String) {
        if let story { story("client \(number): " + line()) }
    }

    // MARK: Connecting

    /// What happens in a step.
    func act() {
        if stream != nil, replica?.process != process || random.chance(15) { leave() }
        guard stream == nil else { return read(isQuiet: false) }
        guard random.chance(80), let target = pick() else { return }
        if kind.walks, walk == nil, random.chance(25) {
            forget()
            walk = (0, nil)
        }
        if walk != nil { return readPage(of: target) }
        connect(to: target)
        read(isQuiet: false)
    }

    private func pick() -> FleetReplica? {
        // A balancer sends nobody to a replica that is not ready.
        let ready = replicas.filter { $0.store.snapshot != nil }
        return ready.isEmpty ? nil : ready[random.below(ready.count)]
    }

    func leave() {
        stream?.finished(.clientGone)
        stream = nil
        tell("leaves with \(lastID ?? "nothing"), \(map.sorted { $0.key < $1.key })")
    }

    func connect(to target: FleetReplica) {
        replica = target
        process = target.process
        began = lastID.flatMap(Position.init)
        hadHorizon = target.store.snapshot.map { $0.horizon > 0 } ?? false
        birth = target.store.snapshot?.progress.birth
        if began == nil || kind.snapshot == .always { forget() }
        var request = FeedRequest()
        request.start = began.map { start($0, target) } ?? .unsaid
        request.snapshot = kind.snapshot
        request.mode = kind.mode
        request.encoding = kind.encoding
        request.filter = kind.filter.filter
        request.heartbeat = .seconds(1)
        tell("connects to \(target.number), which claims \(target.claim ?? 0)")
        stream = FeedStream(hub: target.hub, request: request, permit: target.hub.admit(address: UInt64(number)))
        if let began, target.store.snapshot?.position.epoch != began.epoch { counts.hops += 1 }
    }

    /// Where the request says to start: with a planted fault not where the client stopped.
    private func start(_ position: Position, _ target: FleetReplica) -> FeedStart {
        guard let marks = position.watermarks, let snapshot = target.store.snapshot,
            snapshot.position.epoch != position.epoch
        else { return .position(position) }
        var (low, high) = (marks.low, marks.high)
        switch mutation {
        case .noWait: high = 0
        case .highForLow: low = high
        case .leavesWithoutSeen:
            if kind.mode == .latest,
                case .after(let seq, _) = snapshot.placement(of: position, overlap: FleetTraits.overlap)
            {
                return .position(Position(epoch: snapshot.position.epoch, seq: seq))
            }
        default: break
        }
        let marked = Watermarks(stream: marks.stream, low: low, high: high)
        return .position(Position(epoch: position.epoch, seq: position.seq, watermarks: marked))
    }

    private func forget() {
        map = [:]
        held = [:]
        lastID = nil
        isReady = false
        isWhole = false
    }

    // MARK: A walk over the pages of a list

    private func readPage(of target: FleetReplica) {
        guard let (page, position) = walk, let snapshot = target.store.snapshot else { return }
        let pages = 2
        let middle = table.keys[table.keys.count / 2].bytes
        snapshot.forEach(from: page == 0 ? nil : middle, to: page == 0 ? middle : nil) { record in
            let item = record.withPackedItem { Item(packed: Array($0)) }
            guard case .number(let text)? = item["w"], let write = Int(text) else { return true }
            let key = table.writes[write].key
            held[key] = (write, record.version == nil)
            if kind.filter.holds(write, in: table) { map[key] = write }
            return true
        }
        let merged = position.map { merge($0, snapshot.position) } ?? snapshot.position
        tell("reads page \(page) of \(target.number) at \(snapshot.position): \(merged)")
        if page + 1 < pages {
            walk = (page + 1, merged)
        } else {
            walk = nil
            isReady = true
            lastID = merged.description
            counts.walks += 1
        }
    }

    private func merge(_ one: Position, _ other: Position) -> Position {
        let merged = one.merged(with: other)
        guard let marks = merged.watermarks, let mine = one.watermarks, let theirs = other.watermarks else {
            return merged
        }
        var (low, high) = (marks.low, marks.high)
        switch mutation {
        case .mergedTakesLatestLow: low = max(mine.low, theirs.low)
        case .mergedForgetsHigh: high = min(mine.high, theirs.high)
        default: break
        }
        let marked = Watermarks(stream: marks.stream, low: low, high: high)
        return Position(epoch: merged.epoch, seq: merged.seq, watermarks: marked)
    }

    // MARK: Reading

    func read(isQuiet: Bool) {
        guard let stream else { return }
        let calls = isQuiet ? 200 : random.within(1...4)
        for _ in 0..<calls {
            var output: [UInt8] = []
            let budget = isQuiet ? 65_536 : random.within(1...500)
            let step = stream.produce(
                into: &output,
                budget: budget,
                now: .milliseconds(table.now - FleetTable.birth)
            )
            let events = FleetEvent.parse(output, kind.encoding)
            // A connection may break anywhere, and what was on the way is lost.
            let isCut = !isQuiet && random.chance(8)
            for event in events.prefix(isCut ? random.below(events.count + 1) : events.count) { take(event) }
            if isCut { return leave() }
            if step == .end { return leave() }
            if step != .again { return }
        }
    }

    private func take(_ event: FleetEvent) {
        if let id = event.id {
            guard Position(id) != nil, id.utf8.count <= 64 else { return accuse("\(id) is no position") }
            lastID = id
        }
        switch event.name {
        case "": change(event)
        case "reset":
            tell("reset \(event.reason)")
            judge(reset: event.reason)
            forget()
        case "moved":
            counts.moves += 1
            tell("moved")
        case "busy": if event.reason == "behind" { counts.waits += 1 }
        case "ready": (isReady, isWhole) = (true, true)
        default: break
        }
    }

    /// A reset costs the client the whole table: there must be a cause.
    private func judge(reset reason: String) {
        counts.resets += 1
        guard let began, let snapshot = replica?.store.snapshot else { return }
        let isDue =
            switch reason {
            case "rebuilt": true
            case "overrun": kind.mode == .all
            case "position-gone": hadHorizon || snapshot.horizon > 0
            case "other-epoch":
                // It may have been rebuilt while the client waited.
                if let marks = began.watermarks, let birth, let latest = snapshot.progress.birth {
                    marks.low - FleetTraits.overlap < max(birth, latest)
                } else {
                    began.watermarks == nil
                }
            default: false
            }
        if !isDue { accuse("reset for \(reason) from \(began) without a cause") }
    }

    private func change(_ event: FleetEvent) {
        let key = event.key
        tell(
            "\(event.isPut ? "put" : "remove") k\(key) w\(event.write)\(event.isRepeat ? " repeat" : "") id \(event.id ?? "-")"
        )
        let before = held[key]
        guard kind.filter.covers(key) else { return accuse("k\(key) is not in the filter") }
        var write = event.write
        // What is read from the table may have been removed later than the record says.
        if table.traits.readsItems, !event.isPut { write = max(write, before?.write ?? write) }
        // What a repair removed has the version of the last record that was not lost.
        let isExempt = table.traits.losesRecords || write < 0
        if write >= 0, event.isPut, !kind.filter.holds(write, in: table) {
            return accuse("k\(key) was put as write \(write), which is not in the filter")
        }
        if let before, write < before.write, !isExempt {
            // Who follows every step drops what is marked and old.
            if kind.mode == .all, event.isRepeat {
                counts.repeats += 1
                return
            }
            if isLate(before) {
                counts.late += 1
            } else {
                accuse("k\(key) went back from write \(before.write) to write \(write)")
            }
        }
        if kind.mode == .all, isWhole, !isExempt { judgeStep(event, before) }
        held[key] = (write, !event.hasVersion)
        map[key] = event.isPut ? write : nil
    }

    /// Whether the stream hid the write that the client holds from a replica for longer than that could know. Such a replica takes a client
    /// that is ahead of it, and its positions say nothing of what the client holds.
    private func isLate(_ before: (write: Int, isRow: Bool)) -> Bool {
        guard table.traits.lateness > 0 else { return false }
        // A row of a scan may show what its replica's stream still hides, and no position tells of that.
        return before.isRow
            || replicas.contains { $0.late.contains(before.write) || $0.lacks(before.write) }
    }

    /// In the mode `all` each write comes, and comes once unless it is marked.
    private func judgeStep(_ event: FleetEvent, _ before: (write: Int, isRow: Bool)?) {
        guard let before else { return }
        if event.write == before.write, !event.isRepeat, !before.isRow, !isLate(before) {
            accuse("write \(event.write) of k\(event.key) came again without a mark")
        }
        var write = event.write
        while write > before.write {
            write = table.writes[write].previous
            guard write > before.write else { break }
            if kind.filter.tells(write, in: table) {
                return accuse("write \(write) of k\(event.key) is missing between \(before.write) and \(event.write)")
            }
        }
    }

    // MARK: The end

    /// The table and the client must be equal.
    func compare() {
        for key in table.latest.indices {
            let newest = table.latest[key]
            let expected = kind.filter.holds(newest, in: table) ? newest : nil
            if map[key] != expected {
                accuse("k\(key) is write \(map[key] ?? -1) in the end, not \(expected ?? -1)")
            }
        }
    }

    /// Goes to a replica and stays there, with no faults.
    func settle(on target: FleetReplica) {
        if walk != nil {
            walk = nil
            forget()
        }
        if stream != nil { leave() }
        isReady = false
        connect(to: target)
    }

    func stayOn(_ target: FleetReplica) {
        if stream == nil { connect(to: target) }
        read(isQuiet: true)
    }

    func finish() {
        if !isReady { accuse("not ready in the end") } else { compare() }
        stream?.finished(.completed)
    }
}

/// How often something happened.
package struct FleetCounts: Sendable {
    /// Connections with a position of another replica.
    package var hops = 0
    package var moves = 0
    package var waits = 0
    package var resets = 0
    package var walks = 0
    /// Steps that came again with a mark.
    package var repeats = 0
    /// Keys that went back because a record was late.
    package var late = 0
    /// Keys that a replica put right.
    package var repairs = 0

    package init() {}

    /// Adds those of another fleet.
    package static func += (sum: inout FleetCounts, other: FleetCounts) {
        sum.hops += other.hops
        sum.moves += other.moves
        sum.waits += other.waits
        sum.resets += other.resets
        sum.walks += other.walks
        sum.repeats += other.repeats
        sum.late += other.late
        sum.repairs += other.repairs
    }
}
