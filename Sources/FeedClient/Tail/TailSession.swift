import Basics
import CurlTransport

/// Follows one feed for as long as it is wanted: connects, prints, resumes.
package struct TailSession {
    /// How it ended.
    package enum Outcome: Sendable, Hashable {
        /// As asked. The position resumes it, when there is one.
        case stopped(position: String?)
        /// Asking again would not help.
        case failed(String, position: String?)
    }

    /// The outcome of writing lines.
    package enum Delivery: Sendable, Hashable {
        case taken
        /// Nobody reads any more: a reason to stop, and none to complain.
        case readerGone
        /// They could not be written, for the reason in the sentence: they are lost.
        case failed(String)
    }

    /// The outputs and the clock.
    package struct Surroundings {
        package var now: () -> Duration = SystemClock.continuous
        /// Sleeps, at most until `shouldStop`.
        package var pause: (Duration) -> Void
        package var shouldStop: () -> Bool
        /// Takes a line.
        package var write: (TailRenderer.Line) -> Void
        /// Hands on the lines taken.
        package var flush: () -> Delivery
        /// Keeps the position of what was handed on.
        package var keep: (String) -> Void = { _ in }

        package init(
            pause: @escaping (Duration) -> Void,
            shouldStop: @escaping () -> Bool,
            write: @escaping (TailRenderer.Line) -> Void,
            flush: @escaping () -> Delivery
        ) {
            self.pause = pause
            self.shouldStop = shouldStop
            self.write = write
            self.flush = flush
        }
    }

    private let request: TailRequest
    private let token: String?
    private let certificates: String?
    private let limits: FeedClientLimits
    private let renderer: TailRenderer
    private let surroundings: Surroundings
    private var follower: FeedFollower
    private var startedAt: Duration = .zero
    private var written = 0
    private var versions: SeenVersions
    /// Whether the last connection brought changes that were not printed, since newer states of their keys had been.
    private var hasDropped = false
    /// The position of what was handed on: a line that nobody took is asked for again.
    private var position: String?
    /// How handing on came to its end; nil while it works.
    private var ending: Delivery?

    /// `certificates` is a file of PEM certificates to trust instead of the system's.
    package init(
        _ request: TailRequest,
        token: String?,
        certificates: String? = nil,
        style: TailRenderer.Style,
        limits: FeedClientLimits = FeedClientLimits(),
        surroundings: Surroundings
    ) {
        self.request = request
        self.token = token
        self.certificates = certificates
        self.limits = limits
        self.renderer = TailRenderer(style: style)
        self.surroundings = surroundings
        versions = SeenVersions(limit: limits.keysWithVersions)
        position = request.lastEventID
        follower = FeedFollower(
            limits: limits,
            shouldEndWithFeed: request.limit != nil || request.timeout != nil,
            lastEventID: request.lastEventID
        )
    }

    private var elapsed: Duration { surroundings.now() - startedAt }

    /// Runs until it is stopped, done, or cannot continue. Blocks its thread.
    package mutating func run() -> Outcome {
        startedAt = surroundings.now()
        while !surroundings.shouldStop(), !request.isOver(written: written, elapsed: elapsed) {
            let step = connect()
            if let outcome = outcome(of: ending) { return outcome }
            switch step {
            case .done:
                // The server counts changes towards `limit` that were not printed: what is missing is asked for again.
                if hasDropped, !surroundings.shouldStop() {
                    // A server that repeats itself must not be asked as fast as it responds.
                    surroundings.pause(limits.firstPause)
                    continue
                }
                return .stopped(position: position)
            case .give(let words):
                return .failed("cannot follow \(request.address.url): \(words)", position: position)
            case .reconnect(let after, let reason):
                let seconds = Double(after.wholeMilliseconds) / 1_000
                surroundings.write(.note("\(reason); again in \(seconds) s"))
                if let outcome = outcome(of: surroundings.flush()) { return outcome }
                let left = request.timeout.map { max(.zero, $0 - elapsed) }
                surroundings.pause(min(after, left ?? after))
            }
        }
        return .stopped(position: position)
    }

    /// How the session ends because of a delivery; nil when it continues.
    private func outcome(of delivery: Delivery?) -> Outcome? {
        switch delivery {
        case nil, .taken: nil
        case .readerGone: .stopped(position: position)
        case .failed(let words): .failed(words, position: position)
        }
    }

    private func streamedRequest() -> StreamedRequest {
        let url = request.url(written: written, elapsed: elapsed, isResuming: follower.lastEventID != nil)
        var fields = [HTTPField(name: "Accept", value: "text/event-stream")]
        if let id = follower.lastEventID { fields.append(HTTPField(name: "Last-Event-ID", value: id)) }
        if let token { fields.append(HTTPField(name: "Authorization", value: "Bearer \(token)")) }
        var stream = StreamedRequest(
            TransferRequest(url: url, fields: fields),
            over: ConnectionSettings(connectTimeout: limits.connectTimeout, certificates: certificates)
        )
        stream.silence = limits.silence
        stream.now = surroundings.now
        return stream
    }

    private mutating func connect() -> FeedFollower.Step {
        var follower = follower
        var parser = EventStreamParser(limit: limits.eventBytes)
        var written = written
        var versions = versions
        var hasDropped = false
        var position = position
        var isFeed = false
        var body: [UInt8] = []
        var trouble: String?
        var ending: Delivery?
        let (limits, renderer, surroundings) = (limits, renderer, surroundings)
        follower.begin()
        var stream = streamedRequest()
        stream.onHead = { head in
            isFeed = follower.receive(head)
            return .proceed
        }
        stream.onBytes = { bytes in
            guard isFeed else {
                body.append(bytes, upTo: limits.responseBytes)
                return .proceed
            }
            do throws(EventStreamParser.EventTooLarge) {
                for event in try parser.receive(bytes) {
                    follower.receive(event, retryMilliseconds: parser.retryMilliseconds, at: surroundings.now())
                    if event.name == "reset" { versions.removeAll() }
                    if event.name == "message", !versions.admit(event.data) {
                        hasDropped = true
                        continue
                    }
                    if let line = renderer.line(of: event) { surroundings.write(line) }
                    if event.name == "message" { written += 1 }
                }
            } catch {
                trouble = "an event is larger than \(error.limit) bytes; ask for fewer attributes with --fields"
            }
            let delivery = surroundings.flush()
            guard delivery == .taken else {
                ending = delivery
                return .stop
            }
            if let id = follower.lastEventID, id != position {
                position = id
                surroundings.keep(id)
            }
            return trouble == nil ? .proceed : .stop
        }
        let end = stream.run(shouldStop: surroundings.shouldStop)
        self.follower = follower
        self.written = written
        self.versions = versions
        self.hasDropped = hasDropped
        self.position = position
        self.ending = ending
        if let trouble { return .give(up: trouble) }
        return self.follower.end(end, body: body, at: surroundings.now())
    }
}
