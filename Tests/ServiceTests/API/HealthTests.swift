import AWSClient
import Replication
import TableModel
import Testing

@testable import Service

@Suite struct HealthTests {
    @Test("is alive but not ready before the replica is complete, and says why; data answers are 503")
    func starting() async throws {
        let fixture = try ServiceFixture()
        #expect(try fixture.request("/livez").body == #"{"status":"alive"}"#)
        for path in ["/readyz", "/healthz"] {
            let answer = try fixture.request(path)
            #expect(answer.status == 503)
            #expect(answer["retry-after"] == "1")
            #expect(answer.body.contains("The replica is starting: waiting for the first answer from DynamoDB."))
        }
        for path in ["/v1/items", "/v1/items/a", "/v1/items/a/b"] {
            let answer = try fixture.request(path)
            #expect(answer.status == 503)
            #expect(answer["retry-after"] == "1")
            #expect(answer.body.contains("urn:tablecast:problem:replica-not-ready"))
        }
        #expect(try fixture.request("/v1/status").status == 200)
        await fixture.stop()
    }

    @Test("is ready while live, and not when stale, though it still serves")
    func stale() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/readyz").body == #"{"status":"ready"}"#)
        fixture.setStatus {
            $0.state = .stale
            $0.reason = "the stream does not answer"
            $0.lagMilliseconds = 60_000
        }
        let answer = try fixture.request("/readyz")
        #expect(answer.status == 503)
        #expect(answer.body.contains("The replica is stale: the stream does not answer."))
        let item = try fixture.request("/v1/items/a")
        #expect(item.status == 200)
        #expect(item["replica-state"] == "stale")
        #expect(item["replica-lag"] == "60000")
        await fixture.stop()
    }

    @Test("is not ready from the moment it is told to stop, and still answers during the drain delay")
    func draining() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        // The drain delay says when it begins, and ends when the test has looked.
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let (looked, look) = AsyncStream.makeStream(of: Void.self)
        var time = TimeSource.system
        time.sleep = { _ in
            begin.yield()
            for await _ in looked { return }
        }
        let clock = time
        async let stopped: Void = fixture.front.stop(drainDelay: .seconds(60), grace: .zero, time: clock)
        for await _ in began { break }
        #expect(try fixture.request("/readyz").status == 503)
        #expect(try fixture.request("/v1/items/a").status == 200)
        look.yield()
        await stopped
    }
}
