import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct EventsHandlerTests {
    private func filled() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")], ["id": .string("b")]], schema: ServiceFixture.single)
        return fixture
    }

    @Test("streams over the wire, unbuffered and uncached, and ends the transfer cleanly")
    func stream() async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/events?limit=2")
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "text/event-stream")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["x-accel-buffering"] == "no")
        #expect(answer["access-control-allow-origin"] == "*")
        #expect(answer["replica-position"] == "aaaaaaaa.2")
        let beginning = try #require(answer.body.wholeMatch(of: /retry: (\d+)\nevent: hello\ndata: \{(?s:.*)/))
        #expect((1_000...2_000).contains(Int(beginning.1) ?? 0))
        #expect(answer.body.contains("id: aaaaaaaa.2\ndata: {\"op\":\"put\",\"key\":{\"id\":\"b\"}"))
        #expect(answer.body.hasSuffix("event: bye\ndata: {\"reason\":\"limit\"}\n\n"))
        await fixture.stop()
    }

    @Test("tells subscribers different times to reconnect, so that they do not all come back at once")
    func spreadsRetries() async throws {
        let fixture = try filled()
        let retries = try (0..<20).map { _ in
            try fixture.request("/v1/events?limit=1").body.split(separator: "\n")[0]
        }
        #expect(Set(retries).count > 10)
        await fixture.stop()
    }

    @Test("lets the header win over last_event_id, and that over since")
    func precedence() async throws {
        let fixture = try filled()
        let target = "/v1/events?timeout=0ms"
        #expect(try fixture.request(target).body.contains("bye"))
        let query = "limit=1&since=0&last_event_id=aaaaaaaa.1"
        let byQuery = try fixture.request("/v1/events?\(query)")
        #expect(byQuery.body.contains("id: aaaaaaaa.2\n"))
        #expect(!byQuery.body.contains("id: aaaaaaaa.1\n"))
        let byHeader = try fixture.request("/v1/events?\(query)", fields: ["Last-Event-ID: zzz"])
        #expect(byHeader.body.contains(#"{"reason":"unreadable-position"}"#))
        #expect(byHeader.body.contains("id: aaaaaaaa.1\n"))
        await fixture.stop()
    }

    @Test(
        "refuses what no retry could mend, before the stream starts",
        arguments: [
            ("since=yesterday", "'since' cannot be 'yesterday': give 0, now or a position"),
            ("since=aaaaaaaa.01", "'since' cannot be"), ("limit=0", "'limit' cannot be '0'"),
            (
                "timeout=25h",
                "'timeout' cannot be '25h': give a duration from 0s to 24h, such as 500ms, 5s or 2m."
            ),
            ("heartbeat=500ms", "'heartbeat' cannot be '500ms': give a duration from 1s to 5m, such as 5s or 2m."),
            ("snapshot=maybe", "allowed are auto, always, never"), ("filter=x", "'filter' is unknown"),
        ]
    )
    func refuses(query: String, text: String) async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/events?\(query)")
        #expect(answer.status == 400)
        #expect(answer.body.contains(text), "\(answer.body)")
        await fixture.stop()
    }

    @Test("is 200 and busy before the replica is complete, since an EventSource would die of anything else")
    func busy() async throws {
        let fixture = try ServiceFixture()
        let answer = try fixture.request("/v1/events?timeout=1ms")
        #expect(answer.status == 200)
        #expect(answer["replica-position"] == nil)
        #expect(answer.body.contains("bye") || answer.body.contains("event: busy"))
        await fixture.stop()
    }

    @Test("answers HEAD with the head alone, and takes no place for it")
    func head() async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/events", method: "HEAD")
        #expect(answer.status == 200)
        #expect(answer["content-type"] == "text/event-stream")
        #expect(answer.body.isEmpty)
        #expect(try fixture.request("/v1/status").body.contains(#""subscribers":0"#))
        await fixture.stop()
    }
}
