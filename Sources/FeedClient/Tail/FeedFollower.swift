import Basics
package import CurlTransport

/// Decides what a follower of a feed does next: values in, decisions out, no clock and no socket.
package struct FeedFollower: Sendable {
    /// The next step once a connection has ended.
    package enum Step: Sendable, Hashable {
        /// Connect again after a pause, from `lastEventID`.
        case reconnect(after: Duration, because: String)
        /// The feed is over, as was asked.
        case done
        /// Asking again would not help: what was wrong, and what to do.
        case give(up: String)
    }

    private let limits: FeedClientLimits
    private let shouldEndWithFeed: Bool
    /// The id at which the next connection resumes; nil while nothing with an id has come.
    package private(set) var lastEventID: String?
    private var retry: Duration?
    private var failures = 0
    private var head: ResponseHead?
    private var goodbye: String?
    private var reloads: ReloadPauses

    /// `shouldEndWithFeed`: the user asked the server for an end (`limit` or `timeout`), so its goodbye is ours.
    /// `lastEventID` resumes what another run followed. `percentage` spreads the pauses after resets.
    package init(
        limits: FeedClientLimits = FeedClientLimits(),
        shouldEndWithFeed: Bool = false,
        lastEventID: String? = nil,
        percentage: @escaping @Sendable () -> Int = { Int.random(in: 50...150) }
    ) {
        self.limits = limits
        self.lastEventID = lastEventID
        self.shouldEndWithFeed = shouldEndWithFeed
        reloads = ReloadPauses(limits: limits, percentage: percentage)
    }

    /// A connection begins.
    package mutating func begin() {
        head = nil
        goodbye = nil
    }

    /// The head of the response came. False when its body is not a feed; read it then, for `end`.
    package mutating func receive(_ head: ResponseHead) -> Bool {
        self.head = head
        return head.status == 200 && head.isEventStream
    }

    /// An event came; `retryMilliseconds` is the parser's newest. `now` is the time of any one clock.
    package mutating func receive(_ event: ServerSentEvent, retryMilliseconds: Int?, at now: Duration = .zero) {
        failures = 0
        if !event.lastEventID.isEmpty { lastEventID = event.lastEventID }
        if let retryMilliseconds { retry = min(.milliseconds(retryMilliseconds), limits.longestAskedPause) }
        if event.name == "reset" { reloads.note(at: now) }
        if event.name == "bye" { goodbye = JSONMembers(event.data)?.string("reason") ?? "" }
    }

    /// The connection is over. `body` is what came of a response that was no feed. After resets that followed each other the next
    /// connection waits longer: it may load everything again.
    package mutating func end(_ end: StreamedEnd, body: [UInt8] = [], at now: Duration = .zero) -> Step {
        let step = usual(end, body)
        let pause = reloads.pause(at: now)
        guard case .reconnect(let after, let reason) = step, after < pause else { return step }
        guard reloads.count > 1 else { return .reconnect(after: pause, because: reason) }
        return .reconnect(after: pause, because: "\(reason); the feed started over \(reloads.count) times in a row")
    }

    private mutating func usual(_ end: StreamedEnd, _ body: [UInt8]) -> Step {
        if end == .stopped { return .done }
        if let head, !(head.status == 200 && head.isEventStream) { return refused(head, body) }
        if let goodbye {
            if shouldEndWithFeed, goodbye == "limit" || goodbye == "timeout" { return .done }
            return .reconnect(after: pause(), because: "the server said goodbye (\(goodbye))")
        }
        switch end {
        case .stopped: return .done
        case .complete: return .reconnect(after: pause(), because: "the feed ended without a goodbye")
        case .silent:
            let seconds = limits.silence.wholeSeconds
            return .reconnect(
                after: pause(),
                because:
                    "nothing came for \(seconds) s, though the server speaks every 15 s: the connection is dead, or "
                    + "something between holds events back (tablecast doctor tells)"
            )
        case .failed(let failure): return .reconnect(after: pause(), because: failure.detail)
        }
    }

    private mutating func refused(_ head: ResponseHead, _ body: [UInt8]) -> Step {
        let problem = JSONMembers(body)
        let detail = problem?.string("detail") ?? problem?.string("title") ?? "no reason was given"
        switch head.status {
        case 429, 500...599:
            let asked = head.field("retry-after").flatMap(Int.init).map { Duration.seconds($0) }
            let after = min(asked ?? .zero, limits.longestAskedPause)
            return .reconnect(after: max(pause(), after), because: "answer \(head.status): \(detail)")
        case 401:
            return .give(up: "answer 401: \(detail) Give a token with --token-file or TABLECAST_TOKEN.")
        case 300..<400:
            let target = head.field("location") ?? "nowhere"
            return .give(up: "answer \(head.status): redirected to \(target); give that address")
        case 200:
            let type = head.field("content-type") ?? "nothing"
            return .give(
                up: "the answer is \(type), not text/event-stream: is this the address of a Tablecast service?"
            )
        default: return .give(up: "answer \(head.status): \(detail)")
        }
    }

    /// The server's `retry` at first, then twice as long each time, up to the limit.
    private mutating func pause() -> Duration {
        let first = retry ?? limits.firstPause
        let pause = min(first * (1 << min(failures, 10)), max(limits.longestPause, first))
        failures += 1
        return pause
    }
}
