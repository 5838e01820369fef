import ReplicaStore
import Replication
import Service
import ServiceTools
import TableModel
import Testing

@testable import API

/// `/readyz?when=…` and `--ready-when`: in each state of the replica, with contents and without.
@Suite struct ReadyWhenTests {
    private static let paths = ["/readyz", "/healthz"]

    /// The status for each condition, in the order `live`, `serving`.
    private static func statuses(_ fixture: ServiceFixture) throws -> [[Int]] {
        try paths.map { path in
            try ReadyWhen.allCases.map { try fixture.request("\(path)?when=\($0.rawValue)").status }
        }
    }

    @Test("without contents neither condition is met, with contents `serving` is met in every state")
    func states() async throws {
        let fixture = try ServiceFixture()
        for state in [ReplicaState.starting, .syncing] {
            fixture.setStatus { $0.state = state }
            #expect(try Self.statuses(fixture) == [[503, 503], [503, 503]], "\(state)")
        }
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        for state in [ReplicaState.live, .stale, .rebuilding] {
            fixture.setStatus { $0.state = state }
            let live = state == .live ? 200 : 503
            #expect(try Self.statuses(fixture) == [[live, 200], [live, 200]], "\(state)")
        }
        fixture.store.withdraw()
        fixture.setStatus { $0.isWithheld = true }
        #expect(try Self.statuses(fixture) == [[503, 503], [503, 503]], "withheld")
        await fixture.stop()
    }

    @Test("the response names the condition and the state, also where it is not ready")
    func told() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        fixture.setStatus {
            $0.state = .stale
            $0.reason = "the stream does not answer"
            $0.reasonCode = .streamUnreachable
            $0.lagMilliseconds = 60_000
        }
        let ready = try fixture.request("/readyz?when=serving")
        #expect(ready.body == #"{"status":"ready","state":"stale","when":"serving"}"#)
        #expect(ready["cache-control"] == "no-store")
        let refused = try fixture.request("/readyz?when=live")
        #expect(refused.body.contains(#""reason_code":"stream-unreachable","state":"stale","when":"live""#))
        let item = try fixture.request("/v1/items/a?max_lag=1s")
        #expect(item.status == 503 && item.body.contains("replica-too-stale"))
        await fixture.stop()
    }

    @Test("the option is the condition of requests that name none, of the status and of the metric")
    func option() async throws {
        let fixture = try ServiceFixture(settings: { $0.readyWhen = .serving })
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        fixture.setStatus { $0.state = .stale }
        #expect(try fixture.request("/readyz").status == 200)
        #expect(try fixture.request("/readyz?when=live").status == 503)
        #expect(try fixture.request("/v1/status").body.contains(#""ready":true,"ready_when":"serving""#))
        #expect(try fixture.request("/metrics").body.contains("\ntablecast_ready 1\n"))
        await fixture.stop()
    }

    @Test("an unknown condition and an unknown parameter are a 400 that says what is allowed")
    func unknown() async throws {
        let fixture = try ServiceFixture()
        for path in Self.paths {
            let value = try fixture.request("\(path)?when=stale")
            #expect(value.status == 400)
            let detail = "The query parameter 'when' cannot be 'stale': allowed are live, serving."
            #expect(value.body.contains(detail), "\(value.body)")
            #expect(try fixture.request("\(path)?verbose").status == 400)
        }
        await fixture.stop()
    }

    @Test("a service that stops is not ready by either condition")
    func draining() throws {
        let store = ReplicaStore()
        let writer = GenerationWriter(epoch: .random(), keySchema: ServiceFixture.single, limits: StoreLimits())
        writer.endBootstrap()
        store.publish(writer.snapshot())
        let view = ReplicaView(
            store: store,
            conditions: { ReplicaConditions(state: .live, lagMilliseconds: 0) },
            status: { ReplicationStatus() },
            wallMilliseconds: { 0 }
        )
        let health = Health(view: view)
        for condition in ReadyWhen.allCases { #expect(health.obstacle(to: condition) == nil) }
        health.startDraining()
        for condition in ReadyWhen.allCases { #expect(health.obstacle(to: condition)?.code == "draining") }
    }
}
