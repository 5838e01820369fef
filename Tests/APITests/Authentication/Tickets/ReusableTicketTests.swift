import Service
import ServiceTools
import TableModel
import Testing

@testable import API
@testable import HTTPServer

/// Reusable tickets and bodies of requests for tickets, over real sockets.
@Suite struct ReusableTicketTests {
    private static let bearer = "Authorization: Bearer app-0123456789abcdef"
    private static let json = "Content-Type: application/json"

    private struct Running {
        let fixture: ServiceFixture
        let replica: TicketReplica

        func ask(_ body: String, fields: [String] = [bearer, json]) throws -> Answer {
            try fixture.post("/v1/tickets", body, fields: fields)
        }

        /// The URL of a reusable ticket for `url`, as a path.
        func ticket(for url: String) throws -> String {
            let answer = try ask(#"{"reusable":true,"url":"\#(url)"}"#)
            #expect(answer.status == 201)
            let text = try #require(answer.body.split(separator: #""url":""#).last?.split(separator: "\"").first)
            return "/v1/" + text
        }

        func open(_ target: String, _ fields: [String] = []) throws -> FeedClient {
            try FeedClient(port: fixture.port, target, fields: ["Connection: close"] + fields)
        }
    }

    private func running(age: Duration = .seconds(3600)) throws -> Running {
        let replica = try TicketReplica(TicketReplica.file(["app"]))
        let authenticator = Authenticator(
            store: replica.store,
            ticketAge: age,
            wallMilliseconds: replica.wallMilliseconds,
            continuous: { .zero }
        )
        let fixture = try ServiceFixture(authenticator: authenticator)
        try fixture.publish([["id": .string("a")], ["id": .string("b")]], schema: ServiceFixture.single)
        return Running(fixture: fixture, replica: replica)
    }

    @Test("a reusable ticket opens its URL again and again, and no other")
    func reuse() async throws {
        let running = try running()
        let answer = try running.ask(#"{"reusable": true, "url": "events?pk=a&limit=1"}"#)
        #expect(answer.status == 201)
        #expect(answer.body.contains(#","expires_in":3600,"url":"events?pk=a&limit=1&ticket="#))
        let url = try running.ticket(for: "events?pk=a&limit=1")
        for added in ["", "", "&last_event_id=x", "&_=1"] {
            let stream = try running.fixture.request(url + added)
            #expect(stream.status == 200, "\(added)")
            #expect(stream.body.contains(#""id":"a""#) && !stream.body.contains(#""id":"b""#))
        }
        #expect(try running.fixture.request(url, fields: ["Last-Event-ID: x"]).status == 200)
        for other in [url.replacing("pk=a", with: "pk=b"), url + "&op=put", url.replacing("events", with: "changes")] {
            let refused = try running.fixture.request(other)
            #expect(refused.status == 401)
            #expect(refused.body.contains("The reusable ticket is for another path or query."), "\(refused.body)")
            #expect(!refused.body.contains(other.suffix(20)))
        }
        #expect(try running.fixture.request(url.replacing("events", with: "items")).status == 401)
        await running.fixture.stop()
    }

    @Test("without a URL a reusable ticket is for all events")
    func wholeFeed() async throws {
        let running = try running()
        #expect(try running.ask(#"{"reusable":true}"#).body.contains(#""url":"events?ticket="#))
        await running.fixture.stop()
    }

    @Test("a body that asks for nothing special is a ticket of one use", arguments: ["", "{}", #"{"reusable":false}"#])
    func single(_ body: String) async throws {
        let running = try running()
        let answer = try running.ask(body)
        #expect(answer.status == 201)
        #expect(answer.body.hasSuffix(#"","expires_in":60}"#))
        // As today, a request without a body needs no type.
        if body.isEmpty { #expect(try running.ask(body, fields: [Self.bearer]).status == 201) }
        await running.fixture.stop()
    }

    @Test(
        "a body that is wrong is a 400 that says why",
        arguments: [
            ("{", "is not the JSON that it must be"), ("[]", "is not the JSON"), ("null", "is not the JSON"),
            ("{} {}", "is not the JSON"), (#"{"reusable":1}"#, "'reusable' of the body must be true or false"),
            (#"{"reusable":"true"}"#, "must be true or false"), (#"{"reusable":null}"#, "must be true or false"),
            (#"{"reusable":true,"url":1}"#, "'url' of the body must be a string"),
            (#"{"url":"events"}"#, "needs 'reusable' to be true"),
            (#"{"reusable":false,"url":"events"}"#, "needs 'reusable' to be true"),
            (#"{"reusable":true,"reusable":true}"#, "'reusable' of the body is given twice"),
            (#"{"reusable":true,"age":5}"#, "'age' of the body is unknown: allowed are reusable and url"),
            (#"{"reusable":true,"url":"items"}"#, "takes no ticket"),
        ]
    )
    func invalid(_ body: String, _ fault: String) async throws {
        let running = try running()
        let answer = try running.ask(body)
        #expect(answer.status == 400)
        #expect(answer.body.contains("urn:tablecast:problem:invalid-body"))
        #expect(answer.body.contains(fault), "\(answer.body)")
        await running.fixture.stop()
    }

    @Test("a body of another type is a 415")
    func type() async throws {
        let running = try running()
        let form = [Self.bearer, "Content-Type: application/x-www-form-urlencoded"]
        #expect(try running.ask(#"{"reusable":true}"#, fields: form).status == 415)
        await running.fixture.stop()
    }

    @Test("a stream says bye and ends when its ticket does, and does not come back")
    func end() async throws {
        let running = try running()
        let url = try running.ticket(for: "events?heartbeat=1s")
        let client = try running.open(url)
        try client.wait(for: "ready")
        running.replica.advance(.seconds(3599))
        try client.wait(for: "bookmark")
        #expect(!client.names.contains("bye"))
        running.replica.advance(.seconds(1))
        try client.waitForEnd()
        #expect(client.events.last?.name == "bye")
        #expect(client.events.last?.data == #"{"reason":"ticket-ended"}"#)
        #expect(client.isComplete)
        let again = try running.open(url)
        try again.waitForEnd()
        #expect(again.status == 401)
        await running.fixture.stop()
    }

    @Test("a stream ends with the token of its ticket")
    func revoked() async throws {
        let running = try running()
        let url = try running.ticket(for: "events")
        let client = try running.open(url)
        try client.wait(for: "ready")
        running.replica.replaceFile(TicketReplica.file(["other"]))
        running.fixture.front.wakeStreams()
        try client.waitForEnd()
        #expect(client.events.last?.data == #"{"reason":"revoked"}"#)
        let refused = try running.fixture.request(url)
        #expect(refused.status == 401)
        #expect(refused.body.contains("belongs to no token that this replica knows"))
        await running.fixture.stop()
    }

    private final class Poll: PendingResponse {
        func poll(now: Duration) -> PendingStep { .wait(until: now + .seconds(50)) }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    @Test("a long poll that waits when its ticket ends is a 401 at once")
    func poll() throws {
        let replica = try TicketReplica(TicketReplica.file(["app"]))
        let end = TicketEnd(at: TicketReplica.start + 5000, clock: replica.wallMilliseconds)
        let token = try replica.token("app-0123456789abcdef")
        let grant = StandingGrant(token, .stream, in: replica.store, until: end)
        var response = HTTPResponse(status: 200, body: .pending(Poll()))
        grant.watch(&response, to: try #require(HTTPRequest(testing: "since=now", path: "/v1/changes")))
        guard case .pending(let poll) = response.body, case .wait(let deadline) = poll.poll(now: .seconds(7)) else {
            Issue.record("it does not wait")
            return
        }
        #expect(deadline == .seconds(12))
        replica.advance(.seconds(5))
        guard case .answer(let answer) = poll.poll(now: .seconds(12)) else {
            Issue.record("it has no answer")
            return
        }
        #expect(answer.status == 401)
    }

    @Test("the deadline of a response is the end of its ticket, where that is sooner")
    func deadline() throws {
        let replica = try TicketReplica(TicketReplica.file(["app"]))
        let token = try replica.token("app-0123456789abcdef")
        let end = TicketEnd(at: TicketReplica.start + 5000, clock: replica.wallMilliseconds)
        var grant = StandingGrant(token, .stream, in: replica.store, until: end)
        #expect(grant.loss() == nil)
        #expect(grant.deadline(nil, now: .seconds(7)) == .seconds(12))
        #expect(grant.deadline(.seconds(9), now: .seconds(7)) == .seconds(9))
        #expect(grant.deadline(.seconds(20), now: .seconds(7)) == .seconds(12))
        replica.advance(.seconds(6))
        #expect(grant.loss() == .ticketEnded)
        #expect(grant.deadline(nil, now: .seconds(7)) == .milliseconds(7001))
        let plain = StandingGrant(token, .stream, in: replica.store)
        #expect(plain.deadline(nil, now: .seconds(7)) == nil)
    }

    @Test("a request whose ticket cannot be read does not show it", arguments: ["%zz", "%FF", "&ticket=x"])
    func secret(_ added: String) async throws {
        let running = try running()
        let url = try running.ticket(for: "events")
        let ticket = try #require(url.split(separator: "ticket=").last)
        let answer = try running.fixture.request(url + added, fields: [Self.bearer])
        #expect(answer.status == 400)
        #expect(!answer.body.contains(ticket.prefix(20)), "\(answer.body)")
        await running.fixture.stop()
    }
}
