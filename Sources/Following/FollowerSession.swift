import Basics
import CurlTransport
import ReplicaStore
import Replication

/// Follows one upstream after another: bytes in, contents and a condition out. It has no clock, no socket and no thread of its own.
final class FollowerSession {
    /// The newest bookmark, and when it came on the continuous clock.
    private(set) var bookmark: (mark: UpstreamMark, at: Duration)?
    /// Why nothing is followed at this moment; nil while lines come.
    private(set) var trouble: FollowerMachine.Trouble?
    /// What has happened so far.
    private(set) var counts = UpstreamCounts()

    private var machine: FollowerMachine
    let contents: FollowedContents
    private let limits: FollowingLimits
    private var reader = UpstreamLineReader()
    private var splitter: LineSplitter
    private var transit = Transit()
    /// When a line about contents came last; nil before one has.
    private(set) var usefulAt: Duration?
    private var isFeed = false
    private var body: [UInt8] = []
    private let tell: (News) -> Void

    /// What others are to hear at once.
    enum News: Sendable, Hashable {
        /// Contents are being loaded.
        case loading(UpstreamContents, isFirst: Bool)
        /// Those of an upstream continue: exactly, or after a move to another replica of the stream.
        case continuing(UpstreamContents, isMoved: Bool)
        /// The contents that readers see are the upstream's as of its bookmark.
        case settled(UpstreamMark)
        /// Loaded contents are not shown yet, as the words say.
        case held(String)
        /// The contents differ from the upstream's, in words: they are loaded again.
        case differs(String)
        /// The upstream is connected and has nothing to follow.
        case waits(FollowerMachine.Trouble)
    }

    /// `tell` is called at once, on the caller's thread.
    init(
        _ settings: FollowingSettings,
        _ identity: FollowerMachine.Identity,
        contents: FollowedContents,
        tell: @escaping (News) -> Void
    ) {
        machine = FollowerMachine(settings, identity)
        limits = settings.limits
        splitter = LineSplitter(limit: settings.limits.lineBytes)
        self.contents = contents
        self.tell = tell
    }

    /// The upstream that is followed or tried.
    var upstream: String { machine.upstream }
    /// Ids of the instances behind it, nearest first; empty while none is followed.
    var chain: [String] { machine.chain }
    /// The contents of the present or last upstream.
    var described: UpstreamContents? { machine.contents }

    // MARK: A connection

    /// A connection begins; returns what it asks for.
    func connect(at now: Duration) -> FollowerMachine.Request {
        splitter = LineSplitter(limit: limits.lineBytes)
        transit = Transit()
        body = []
        isFeed = false
        counts.connections += 1
        return machine.connect(from: contents.resumePosition, at: now)
    }

    /// The head of the response came.
    func receive(_ head: ResponseHead) { isFeed = machine.receive(head) }

    /// A piece of the body came. False when the connection is to be ended.
    func receive(_ bytes: UnsafeRawBufferPointer, at now: Duration) -> Bool {
        guard isFeed else {
            body.append(contentsOf: bytes.prefix(max(0, limits.responseBytes - body.count)))
            return true
        }
        counts.bytes += bytes.count
        defer { contents.showChanges() }
        do {
            try splitter.receive(bytes) { line in
                machine.heard(at: now)
                try receive(line: line, at: now)
            }
            return true
        } catch let stop as Stop {
            stopped(by: .stop(stop.trouble))
        } catch let error as LineSplitter.LineTooLong {
            stopped(by: machine.contradiction("a line has more than \(error.limit) bytes"))
        } catch {
            stopped(by: machine.contradiction("\(error)"))
        }
        return false
    }

    /// The connection is to be ended for a reason that `trouble` tells already.
    private struct Stop: Error { let trouble: FollowerMachine.Trouble }

    private func stopped(by decision: FollowerMachine.Decision) {
        guard case .stop(let trouble) = decision else { return }
        if trouble.kind == .contradiction {
            counts.contradictions += 1
            contents.doubt()
        }
        self.trouble = trouble
    }

    private func receive(line: UnsafeRawBufferPointer, at now: Duration) throws {
        switch try reader.read(line, schema: contents.keySchema) {
        case .change(let change):
            if machine.hasToBegin { try act(on: machine.begin(), at: now) }
            guard machine.takesChanges else {
                throw UpstreamLineError(description: "a change came before its contents were described")
            }
            usefulAt = now
            try contents.apply(change, reader.batch)
        case .control(let line):
            if case .mark = line, machine.hasToBegin { try act(on: machine.begin(), at: now) }
            try act(on: machine.receive(line), at: now)
        }
    }

    private func act(on decision: FollowerMachine.Decision, at now: Duration) throws {
        switch decision {
        case .nothing: break
        case .load(let described):
            contents.beginLoading(described)
            counts.loads += 1
            tell(.loading(described, isFirst: !contents.isServing))
        case .resume(let described):
            contents.resume(described)
            counts.resumptions += 1
            tell(.continuing(described, isMoved: false))
        case .move(let described):
            contents.move(described)
            counts.moves += 1
            tell(.continuing(described, isMoved: true))
        case .settle(let mark): try settle(mark, at: now)
        case .wait(let found):
            trouble = found
            tell(.waits(found))
        case .stop(let trouble): throw Stop(trouble: trouble)
        }
    }

    private func settle(_ mark: UpstreamMark, at now: Duration) throws {
        switch try contents.settle(mark) {
        case .exact(let isNew):
            if mark.digest != nil { counts.comparisons += 1 }
            bookmark = (mark.delayed(by: transit.excess(mark, at: now)), now)
            trouble = nil
            usefulAt = now
            machine.proved(at: now, isNew: isNew)
            if let bookmark { tell(.settled(bookmark.mark)) }
        case .older:
            usefulAt = now
            tell(.held("the loaded contents are shown once the upstream has reached what is served"))
        case .differs(let words):
            counts.comparisons += 1
            counts.differences += 1
            if contents.isLoading { contents.dropLoading() } else { contents.distrust() }
            tell(.differs(words))
            if case .stop(let trouble) = machine.contradiction(
                "its contents at \(mark.position) differ from this replica's"
            ) {
                throw Stop(trouble: trouble)
            }
        }
    }

    /// Whether the stream has been silent for too long.
    func isSilent(at now: Duration) -> Bool { machine.isSilent(at: now) }

    /// Memory is full: what was being loaded is given up, and the connection is to be ended. Where that was loaded beside what readers see,
    /// both do not fit: readers are refused until the next load. Returns whether they are.
    func full(_ text: String) -> Bool {
        machine.full(text)
        let isTooMuch = contents.isLoading && contents.isServing
        contents.dropLoading()
        if isTooMuch { contents.withdraw() }
        return isTooMuch
    }

    /// The connection is over. Returns the wait before the next one, for which `fraction` in 0..<1 chooses.
    func end(_ end: StreamedEnd, at now: Duration, fraction: Double) -> Duration {
        contents.dropLoading()
        let (found, wait) = machine.end(end, body: body, at: now, fraction: fraction)
        trouble = found
        return wait
    }
}

extension FollowerSession {
    /// No connection was made, for a reason that an operator has to mend. Returns the wait before the next attempt.
    func end(unreadable text: String, at now: Duration, fraction: Double) -> Duration {
        machine.full(text)
        return end(.stopped, at: now, fraction: fraction)
    }
}

/// What following has done since the process began.
struct UpstreamCounts: Sendable, Hashable {
    var connections = 0
    var loads = 0
    var resumptions = 0
    var moves = 0
    var comparisons = 0
    var differences = 0
    var contradictions = 0
    /// Of lines, after decompression.
    var bytes = 0
}
