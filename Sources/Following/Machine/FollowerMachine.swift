import Basics
import CurlTransport
import ReplicaStore

/// Decides what a follower does next: values in, decisions out. It knows neither sockets nor contents.
///
/// One connection at a time, to one upstream of the list. It keeps to an upstream that works, and goes to the next one when it does not.
struct FollowerMachine: Sendable {
    /// What is asked of an upstream.
    struct Request: Sendable, Hashable {
        /// The address as the operator gave it.
        var upstream: String
        /// The position to go on from; nil to read everything.
        var since: Position?
    }

    /// What follows from a line.
    enum Decision: Sendable, Hashable {
        case nothing
        /// These contents are read from their first row.
        case load(UpstreamContents)
        /// The contents continue where the request asked.
        case resume(UpstreamContents)
        /// The contents of another replica of the stream continue.
        case move(UpstreamContents)
        /// Compare the contents with the bookmark's.
        case settle(UpstreamMark)
        /// Nothing comes for now, for this reason; the connection stays.
        case wait(Trouble)
        /// The connection is to be ended, and another one made.
        case stop(Trouble)
    }

    /// Why an upstream is not followed at this moment.
    struct Trouble: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            /// It cannot be reached, or its stream broke off.
            case unreachable
            /// It responds, and has nothing to follow yet.
            case notReady
            /// It says goodbye.
            case goodbye
            /// It refuses, or what it offers cannot be used here: an operator has to change something.
            case unusable
            /// Its lines contradict each other, or the contents.
            case contradiction
        }

        var kind: Kind
        /// A sentence without its full stop, that begins with the upstream.
        var text: String
    }

    /// What the follower is, for the check of chains and contents.
    struct Identity: Sendable, Hashable {
        /// This process's id.
        var instance: String
        /// The table that the operator named; nil for any.
        var table: String?
    }

    private enum Stage: Sendable, Hashable {
        /// Nothing has come.
        case asked
        /// The chain is known.
        case introduced
        /// Everything will be told from the first row, once the contents are described.
        case startsOver
        /// Changes since another replica's position will be told.
        case moves
        /// Lines of contents are coming.
        case told
    }

    private let settings: FollowingSettings
    private let identity: Identity
    private let limits: FollowingLimits
    private var index = 0
    private var stage = Stage.asked
    private var request = Request(upstream: "")
    private var head: ResponseHead?
    private var goodbye: String?
    /// The wait that the goodbye asked for.
    private var asked: Duration?
    private(set) var trouble: Trouble?
    /// Attempts that failed in a row.
    private var failures = 0
    /// Loads of everything that followed each other, and until when the next one waits.
    private var reloads = 0
    private var loadedAt: Duration?
    private var lastLineAt: Duration = .zero
    private var connectedAt: Duration = .zero
    /// The table of the first contents that were proved: others are refused from then on.
    private var pinned: TableName?
    private var isProved = false
    /// Why what is here is not asked to be continued; nil where it is.
    private(set) var mustReload = false
    /// Contents that go on where this replica stands, unless a reset or a move comes next.
    private var continuing: UpstreamContents?
    /// Ids of the instances behind the present or last upstream, nearest first; empty before one was followed.
    private(set) var chain: [String] = []
    /// The contents of the present or last upstream.
    private(set) var contents: UpstreamContents?
    /// Those of the newest bookmark that was equal.
    private var proved: UpstreamContents?

    init(_ settings: FollowingSettings, _ identity: Identity) {
        self.settings = settings
        self.identity = identity
        limits = settings.limits
    }

    /// The upstream that is followed or tried.
    var upstream: String { settings.upstreams[index] }

    // MARK: Connecting

    /// A connection begins at `now`; `position` is where the contents can go on.
    mutating func connect(from position: Position?, at now: Duration) -> Request {
        stage = .asked
        continuing = nil
        (head, goodbye, asked, trouble) = (nil, nil, nil, nil)
        (lastLineAt, connectedAt, isProved) = (now, now, false)
        // The keys of a part may be others than before.
        let isPart = contents?.isPartial ?? false
        request = Request(upstream: upstream, since: mustReload || isPart ? nil : position)
        return request
    }

    /// The head of the response. False when its body is no feed: it is to be read for `end`.
    mutating func receive(_ head: ResponseHead) -> Bool {
        self.head = head
        return isFeed
    }

    private var isFeed: Bool {
        guard let head, head.status == 200 else { return false }
        return head.field("content-type")?.hasPrefix("application/x-ndjson") ?? false
    }

    /// Whether the stream has been silent for too long: then it is to be ended.
    mutating func isSilent(at now: Duration) -> Bool {
        let patience = stage == .told ? limits.silence : limits.silenceBeforeContents
        guard now - lastLineAt >= patience else { return false }
        trouble =
            trouble
            ?? Trouble(
                kind: .unreachable,
                text: "\(upstream) has sent no whole line for \(patience.wholeSeconds) s"
            )
        return true
    }

    // MARK: Lines

    /// A whole line came.
    mutating func heard(at now: Duration) { lastLineAt = now }

    /// Whether a change may come now.
    var takesChanges: Bool { stage == .told }

    /// Whether `begin` must be asked before the next change.
    var hasToBegin: Bool { continuing != nil }

    /// A change or a bookmark comes: what was described before it goes on, then, where this replica stands.
    mutating func begin() -> Decision {
        defer { continuing = nil }
        guard let continuing else { return .nothing }
        if let mixed = mixture(with: continuing) { return mixed }
        if let before = proved, before.keySchema != continuing.keySchema {
            return contradiction("the key of the table changed without a reset")
        }
        return .resume(continuing)
    }

    /// A line that is no change. Before a bookmark, `begin` is to be asked.
    mutating func receive(_ line: UpstreamLine) -> Decision {
        switch line {
        case .source(let source): return introduce(source)
        case .contents(let contents): return describe(contents)
        case .mark(let mark):
            guard stage == .told else { return contradiction("a bookmark came before the contents were described") }
            return .settle(mark)
        case .reset:
            stage = .startsOver
            continuing = nil
            return .nothing
        case .moved:
            guard request.since != nil else {
                return contradiction("it moved a follower that had asked for everything")
            }
            stage = .moves
            continuing = nil
            return .nothing
        case .busy(_, let detail):
            let found = Trouble(kind: .notReady, text: "\(upstream) has no contents to follow: \(detail)")
            // Another upstream may have some: one that reads its table anew says so for as long as that takes.
            guard settings.upstreams.count == 1 else { return stop(found) }
            trouble = found
            return .wait(found)
        case .bye(let reason, let detail, let retry):
            goodbye = detail.map { "\(reason): \($0)" } ?? reason
            asked = retry
            return .nothing
        case .other: return .nothing
        }
    }

    private mutating func introduce(_ source: UpstreamSource) -> Decision {
        guard source.version == UpstreamSource.knownProtocol else {
            return unusable(
                "speaks version \(source.version) of the followers' feed, and this release \(UpstreamSource.knownProtocol): "
                    + "run one release on both"
            )
        }
        guard !source.chain.contains(identity.instance) else {
            return unusable(
                "follows this replica, directly or through others: a loop. Give --follow a replica that does not"
            )
        }
        guard source.chain.count <= settings.maximumDepth else {
            return unusable(
                "is \(source.chain.count) replicas away from the stream, and --follow-max-depth is \(settings.maximumDepth): "
                    + "follow one that is nearer, or raise it"
            )
        }
        chain = source.chain
        if stage == .asked { stage = .introduced }
        return .nothing
    }

    private mutating func describe(_ contents: UpstreamContents) -> Decision {
        guard stage != .asked else { return contradiction("contents were described before their source") }
        let table = TableName(contents)
        if let named = identity.table, !table.isNamed(named) {
            return unusable("has the table '\(table)', and --table names '\(named)'")
        }
        if let pinned, !pinned.isSame(as: table) {
            return unusable("has the table '\(table)', and this replica holds '\(pinned)'")
        }
        guard !contents.isPartial || settings.isPartial else {
            return unusable("shows a part of its keys only. Give --follow-partial if that is what you want")
        }
        trouble = nil
        self.contents = contents
        defer { stage = .told }
        switch stage {
        case .startsOver: return .load(contents)
        case .moves: return mixture(with: contents) ?? .move(contents)
        case .introduced where request.since == nil: return .load(contents)
        case .asked, .introduced, .told:
            // A reset or a move may come next, and then nothing goes on.
            continuing = contents
            return .nothing
        }
    }

    /// The end of a connection whose contents are a part of the keys where what is here is not, or the other way: neither continues the other.
    private mutating func mixture(with contents: UpstreamContents) -> Decision? {
        guard let proved, proved.isPartial != contents.isPartial else { return nil }
        mustReload = true
        let (shown, held) = contents.isPartial ? ("a part of", "all of") : ("all", "a part of")
        return stop(
            Trouble(
                kind: .notReady,
                text: "\(upstream) shows \(shown) its keys, and this replica holds \(held) them: loading again"
            )
        )
    }

    /// The contents were equal to a bookmark's.
    mutating func proved(at now: Duration, isNew: Bool) {
        // One that fails again and again soon after a bookmark is not asked at once each time.
        if now - connectedAt >= limits.steadyAfter { failures = 0 }
        mustReload = false
        isProved = true
        trouble = nil
        proved = contents
        if let table = contents.map(TableName.init), !(pinned?.isExact ?? false) { pinned = table }
        if isNew { loadedAt = now }
        if let loadedAt, now - loadedAt >= limits.calmAfter { reloads = 0 }
    }

    /// Nothing can be taken, for a reason on this side: the next load waits longer and longer.
    mutating func full(_ text: String) {
        trouble = Trouble(kind: .unusable, text: text)
        reloads += 1
    }

    /// The upstream's lines contradict each other or the contents: everything is read again, which readers do not notice before it is there.
    mutating func contradiction(_ text: String) -> Decision {
        mustReload = true
        reloads += 1
        return stop(Trouble(kind: .contradiction, text: "\(upstream) contradicts itself: \(text)"))
    }

    private mutating func unusable(_ text: String) -> Decision {
        stop(Trouble(kind: .unusable, text: "\(upstream) \(text)"))
    }

    private mutating func stop(_ trouble: Trouble) -> Decision {
        self.trouble = trouble
        return .stop(trouble)
    }

    // MARK: Ends

    /// The connection is over, with `body` if it was no feed. Returns what was wrong, and the wait before the next one, for which `fraction`
    /// in 0..<1 chooses.
    mutating func end(
        _ end: StreamedEnd,
        body: [UInt8],
        at now: Duration,
        fraction: Double
    ) -> (trouble: Trouble, wait: Duration) {
        let found = trouble ?? self.trouble(end, body)
        var wait: Duration
        if found.kind == .goodbye, isProved {
            wait = limits.goodbyeSpread * fraction
        } else {
            let rounds = failures / settings.upstreams.count
            failures += 1
            wait = ExponentialBackoff(base: limits.firstPause, cap: limits.longestPause).wait(
                failures: rounds,
                fraction: fraction
            )
        }
        // Another upstream need not be spared as long as the one that stops.
        if settings.upstreams.count == 1 { wait = max(wait, min(asked ?? .zero, limits.longestPause)) }
        index = (index + 1) % settings.upstreams.count
        guard reloads > 0 else { return (found, wait) }
        let reload = ExponentialBackoff(base: limits.firstReloadPause, cap: limits.longestReloadPause)
        return (found, max(wait, reload.bound(failures: reloads - 1) * (0.5 + fraction / 2)))
    }

    private func trouble(_ end: StreamedEnd, _ body: [UInt8]) -> Trouble {
        if let head, !isFeed { return refusal(head, body) }
        if let goodbye { return Trouble(kind: .goodbye, text: "\(upstream) said goodbye (\(goodbye))") }
        switch end {
        case .stopped, .complete: return Trouble(kind: .unreachable, text: "the stream of \(upstream) ended")
        case .silent:
            return Trouble(
                kind: .unreachable,
                text: "\(upstream) has been silent for \(limits.silenceBeforeContents.wholeSeconds) s"
            )
        case .failed(let failure):
            return Trouble(kind: .unreachable, text: "\(upstream) cannot be reached: \(failure.detail)")
        }
    }

    private func refusal(_ head: ResponseHead, _ body: [UInt8]) -> Trouble {
        let detail = ProblemDetail.of(body) ?? "no reason was given"
        let answer = "\(upstream) answered \(head.status): \(detail)"
        switch head.status {
        case 401: return Trouble(kind: .unusable, text: "\(answer) Give its token with --follow-token-file")
        case 429, 500...599: return Trouble(kind: .notReady, text: answer)
        case 300..<400:
            let target = head.field("location") ?? "nowhere"
            return Trouble(kind: .unusable, text: "\(upstream) redirects to \(target): give --follow that address")
        case 200:
            let type = head.field("content-type") ?? "nothing"
            return Trouble(
                kind: .unusable,
                text: "\(upstream) answered with \(type) and no feed: is it a Tablecast service of this release?"
            )
        case 404:
            return Trouble(kind: .unusable, text: "\(answer) Is it the address of a Tablecast service?")
        default: return Trouble(kind: .unusable, text: answer)
        }
    }
}
