import Basics
import DynamoDBClient
import ReplicaStore
import Replication
import Service
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct HealthTests {
    @Test("is alive but not ready before the replica is complete, and says why; data answers are 503")
    func starting() async throws {
        let fixture = try ServiceFixture()
        #expect(try fixture.request("/livez").body == #"{"status":"alive"}"#)
        for path in ["/readyz", "/healthz"] {
            let answer = try fixture.request(path)
            #expect(answer.status == 503)
            #expect((1...3).contains(Int(answer["retry-after"] ?? "") ?? 0))
            #expect(answer.body.contains("The replica is starting: waiting for the first answer from DynamoDB."))
        }
        for path in ["/v1/items", "/v1/items/a", "/v1/items/a/b"] {
            let answer = try fixture.request(path)
            #expect(answer.status == 503)
            #expect((1...3).contains(Int(answer["retry-after"] ?? "") ?? 0))
            #expect(answer.body.contains("urn:tablecast:problem:replica-not-ready"))
        }
        #expect(try fixture.request("/v1/status").status == 200)
        await fixture.stop()
    }

    @Test("is ready while live, and not when stale, though it still serves")
    func stale() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/readyz").body == #"{"status":"ready","state":"live","when":"live"}"#)
        fixture.setStatus {
            $0.state = .stale
            $0.reason = "the stream does not answer"
            $0.reasonCode = .streamUnreachable
            $0.lagMilliseconds = 60_000
        }
        let answer = try fixture.request("/readyz")
        #expect(answer.status == 503)
        #expect(answer.body.contains("The replica is stale: the stream does not answer."))
        #expect(answer.body.contains(#""reason_code":"stream-unreachable""#))
        #expect(try fixture.request("/v1/status").body.contains(#""reason_code":"stream-unreachable""#))
        let metrics = try fixture.request("/metrics").body
        #expect(metrics.contains(#"tablecast_replica_reason{reason="stream-unreachable"} 1"#))
        #expect(metrics.contains(#"tablecast_replica_reason{reason="following"} 0"#))
        let item = try fixture.request("/v1/items/a")
        #expect(item.status == 200)
        #expect(item["replica-state"] == "stale")
        #expect(item["replica-lag"] == "60000")
        await fixture.stop()
    }

    @Test("refuses data with 503 and the reason while the old contents are held back")
    func withheld() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        fixture.store.withdraw()
        fixture.setStatus {
            $0.state = .rebuilding
            $0.reason = "records of shard A were trimmed before they were read"
            $0.reasonCode = .gap
            $0.isWithheld = true
        }
        for path in ["/v1/items", "/v1/items/a", "/readyz"] {
            let answer = try fixture.request(path)
            #expect(answer.status == 503)
            #expect((1...3).contains(Int(answer["retry-after"] ?? "") ?? 0))
            #expect(answer.body.contains(#""reason_code":"gap""#))
        }
        let detail =
            "The replica is being rebuilt and held back meanwhile: records of shard A were trimmed before they were read."
        #expect(try fixture.request("/v1/items/a").body.contains(detail))
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single, epoch: "bbbbbbbb")
        #expect(try fixture.request("/v1/items/a").status == 200)
        await fixture.stop()
    }

    @Test("shows what the comparison of table and replica found, only where there is one")
    func verification() async throws {
        let fixture = try ServiceFixture()
        #expect(!(try fixture.request("/v1/status").body.contains(#""verify""#)))
        fixture.setStatus {
            var verification = VerificationStatus()
            verification.passes = 2
            verification.rows = 20
            verification.suspects = 3
            verification.repairedPuts = 1
            verification.consumedUnits = 4.5
            $0.verification = verification
            $0.scanConsumedUnits = 7.5
            $0.scanUnitsPerSecond = 100
        }
        let status = try fixture.request("/v1/status").body
        #expect(
            status.contains(
                #""verify":{"passes":2,"last_pass_at":null,"rows":20,"suspects":3,"unresolved":0,"repaired_puts":1,"#
                    + #""repaired_removals":0,"consumed_rcu":5}"#
            )
        )
        #expect(status.contains(#""consumed_rcu":8,"estimated_rcu":null,"estimated_seconds_left":null,"#))
        #expect(status.contains(#""rcu_per_second":100"#))
        let metrics = try fixture.request("/metrics").body
        #expect(metrics.contains(#"tablecast_verify_repairs_total{op="put"} 1"#))
        await fixture.stop()
    }

    @Test("what is withheld is nothing, to the metrics as to the status: not what was there last")
    func withheldContents() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/metrics").body.contains("\ntablecast_replica_items 1\n"))
        fixture.store.withdraw()
        #expect(try fixture.request("/v1/status").body.contains(#""items":0,"bytes":0"#))
        let metrics = try fixture.request("/metrics").body
        for name in ["replica_items", "replica_item_bytes", "replica_tombstones", "history_steps", "history_bytes"] {
            #expect(metrics.contains("\ntablecast_\(name) 0\n"), "\(name)")
        }
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
