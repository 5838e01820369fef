import CurlTransport
import Testing

@testable import FeedClient

@Suite struct FeedFollowerTests {
    private let stream = ResponseHead(
        status: 200,
        version: "1.1",
        fields: [HTTPField(name: "content-type", value: "text/event-stream")]
    )

    private func event(_ name: String, id: String = "", _ data: String = "{}") -> ServerSentEvent {
        ServerSentEvent(name: name, data: Array(data.utf8), lastEventID: id)
    }

    private func expect(
        _ step: FeedFollower.Step,
        _ expected: FeedFollower.Step,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(step == expected, sourceLocation: sourceLocation)
    }

    @Test("resumes from the last id after the server's retry, which doubles while nothing comes")
    func resumes() {
        var follower = FeedFollower()
        follower.begin()
        let isFeed = follower.receive(stream)
        #expect(isFeed)
        follower.receive(event("message", id: "e.7"), retryMilliseconds: 200)
        expect(
            follower.end(.complete),
            .reconnect(after: .milliseconds(200), because: "the feed ended without a goodbye")
        )
        #expect(follower.lastEventID == "e.7")
        follower.begin()
        expect(
            follower.end(.failed(TransportFailure(.cannotConnect(systemError: 111), detail: "refused"))),
            .reconnect(after: .milliseconds(400), because: "refused")
        )
        follower.begin()
        let isFeedAgain = follower.receive(stream)
        #expect(isFeedAgain)
        follower.receive(event("hello", id: "e.7"), retryMilliseconds: nil)
        expect(
            follower.end(.complete),
            .reconnect(after: .milliseconds(200), because: "the feed ended without a goodbye")
        )
    }

    @Test("a goodbye is the end only when an end was asked for", arguments: ["limit", "timeout", "draining"])
    func goodbye(_ reason: String) {
        for isAsked in [true, false] {
            var follower = FeedFollower(shouldEndWithFeed: isAsked)
            follower.begin()
            _ = follower.receive(stream)
            follower.receive(event("bye", "{\"reason\":\"\(reason)\"}"), retryMilliseconds: nil)
            let again = FeedFollower.Step.reconnect(after: .seconds(1), because: "the server said goodbye (\(reason))")
            expect(follower.end(.complete), (isAsked && reason != "draining" ? .done : again))
        }
    }

    @Test("says that a silent connection is dead or held up")
    func silence() {
        var follower = FeedFollower()
        follower.begin()
        let words =
            "nothing came for 45 s, though the server speaks every 15 s: the connection is dead, or something between holds events back "
            + "(tablecast doctor tells)"
        expect(follower.end(.silent), .reconnect(after: .seconds(1), because: words))
        expect(follower.end(.stopped), .done)
    }

    @Test(
        "gives up where asking again would not help, and says what to do",
        arguments: [
            (
                401, "", #"{"detail":"No token."}"#,
                "answer 401: No token. Give a token with --token-file or TABLECAST_TOKEN."
            ),
            (400, "", #"{"detail":"bad where"}"#, "answer 400: bad where"),
            (301, "", "", "answer 301: redirected to https://b/; give that address"),
            (
                200, "text/html", "<html>",
                "the answer is text/html, not text/event-stream: is this the address of a Tablecast service?"
            ),
        ]
    )
    func givesUp(_ status: Int, _ type: String, _ body: String, _ words: String) {
        var follower = FeedFollower()
        follower.begin()
        let fields = [
            HTTPField(name: "content-type", value: type),
            HTTPField(name: "location", value: "https://b/"),
        ]
        let isFeed = follower.receive(ResponseHead(status: status, version: "1.1", fields: fields))
        #expect(!isFeed)
        expect(follower.end(.complete, body: Array(body.utf8)), .give(up: words))
    }

    @Test("comes back after the pause that an overloaded server asks for")
    func overloaded() {
        var follower = FeedFollower()
        follower.begin()
        let fields = [HTTPField(name: "retry-after", value: "7")]
        let isFeed = follower.receive(ResponseHead(status: 503, version: "1.1", fields: fields))
        #expect(!isFeed)
        let step = follower.end(.complete, body: Array(#"{"title":"Busy"}"#.utf8))
        #expect(step == .reconnect(after: .seconds(7), because: "answer 503: Busy"))
    }

    @Test("resets that follow each other make the pauses longer, and a calm makes the next one a first one")
    func resets() {
        var follower = FeedFollower(percentage: { 100 })
        var now: Duration = .seconds(1_000)
        /// One connection that is reset when it begins, and ends after `lasted`.
        func pause(lasted: Duration = .seconds(1), isReset: Bool = true) -> Duration? {
            follower.begin()
            _ = follower.receive(stream)
            let id = isReset ? "e.7" : "e.8"
            if isReset { follower.receive(event("reset"), retryMilliseconds: 100, at: now) }
            follower.receive(event("ready", id: id), retryMilliseconds: 100, at: now)
            now += lasted
            guard case .reconnect(let after, _) = follower.end(.complete, at: now) else { return nil }
            now += after
            return after
        }
        // One that lasts longer than the pause waits for the server's retry alone.
        #expect(pause() == .milliseconds(100))
        #expect(pause(lasted: .milliseconds(500)) == .milliseconds(1_500))
        #expect(pause() == .seconds(3))
        #expect(pause(isReset: false) == .milliseconds(100))
        #expect(pause() == .seconds(7))
        for seconds in [15, 31, 59, 59] { #expect(pause() == .seconds(seconds)) }
        follower.begin()
        _ = follower.receive(stream)
        follower.receive(event("reset"), retryMilliseconds: nil, at: now)
        let words = "the feed ended without a goodbye; the feed started over 9 times in a row"
        expect(follower.end(.complete, at: now), .reconnect(after: .seconds(60), because: words))
        now += .seconds(60)
        #expect(pause(lasted: .seconds(361), isReset: false) == .milliseconds(100))
        #expect(pause(lasted: .milliseconds(200)) == .milliseconds(800))
    }

    @Test("spreads the pauses after resets", arguments: [50, 150])
    func spread(_ percentage: Int) {
        var follower = FeedFollower(percentage: { percentage })
        follower.begin()
        _ = follower.receive(stream)
        follower.receive(event("reset"), retryMilliseconds: 1)
        let words = "the feed ended without a goodbye"
        expect(follower.end(.complete), .reconnect(after: .milliseconds(10 * percentage), because: words))
    }

    @Test("cuts the pause that a server asks for to an hour, however far off it is")
    func endlessPauses() {
        var follower = FeedFollower()
        follower.begin()
        let fields = [HTTPField(name: "retry-after", value: "\(Int.max)")]
        _ = follower.receive(ResponseHead(status: 429, version: "1.1", fields: fields))
        expect(follower.end(.complete), .reconnect(after: .seconds(3_600), because: "answer 429: no reason was given"))
        follower.begin()
        let feed = [HTTPField(name: "content-type", value: "text/event-stream")]
        _ = follower.receive(ResponseHead(status: 200, version: "1.1", fields: feed))
        let event = ServerSentEvent(name: "hello", data: [], lastEventID: "")
        follower.receive(event, retryMilliseconds: .max)
        let why = "the feed ended without a goodbye"
        expect(follower.end(.complete), .reconnect(after: .seconds(3_600), because: why))
    }
}
