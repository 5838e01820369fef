import TableModel
import Testing

@testable import Service

@Suite struct CrossOriginTests {
    private func filled(_ origins: CrossOrigin.Origins) throws -> ServiceFixture {
        let fixture = try ServiceFixture(settings: { $0.crossOrigins = origins })
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        return fixture
    }

    private let app = "https://app.example"

    @Test(
        "reads *, none and lists, and refuses what no browser sends",
        arguments: [
            ("*", .any), ("none", .only([])), ("https://app.example", .only(["https://app.example"])),
            ("https://a.example, http://localhost:3000", .only(["https://a.example", "http://localhost:3000"])),
            ("https://a.example/", nil), ("a.example", nil), ("https://", nil), ("https://A.example", nil), ("", nil),
            ("https://a.example,", nil), ("https://a.example\r\nX: y", nil), ("*,https://a.example", nil),
        ] as [(String, CrossOrigin.Origins?)]
    )
    func origins(text: String, expected: CrossOrigin.Origins?) { #expect(CrossOrigin.Origins(text) == expected) }

    @Test(
        "any origin reads every kind of answer, errors included, and a preflight says for how long and what may be sent"
    )
    func any() async throws {
        let fixture = try filled(.any)
        for target in ["/v1/items/a", "/v1/items/none", "/v1/items?x=1", "/none", "/metrics", "/v1/status"] {
            let answer = try fixture.request(target)
            #expect(answer["access-control-allow-origin"] == "*", "\(target)")
            #expect(answer["access-control-expose-headers"]?.contains("Replica-Position") == true)
        }
        let preflight = try fixture.request(
            "/v1/items/batch-get",
            method: "OPTIONS",
            fields: ["Origin: \(app)", "Access-Control-Request-Method: POST"]
        )
        #expect(preflight.status == 204)
        #expect(preflight["access-control-max-age"] == "86400")
        #expect(preflight["access-control-allow-methods"] == "GET, HEAD, POST, OPTIONS")
        for name in ["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID", "Prefer"] {
            #expect(preflight["access-control-allow-headers"]?.contains(name) == true, "\(name)")
        }
        #expect(preflight["access-control-allow-credentials"] == nil)
        await fixture.stop()
    }

    @Test("with a list only its origins read, and caches keep the answers apart")
    func list() async throws {
        let fixture = try filled(.only([app, "http://localhost:3000"]))
        let allowed = try fixture.request("/v1/items/a", fields: ["Origin: \(app)"])
        #expect(allowed["access-control-allow-origin"] == app)
        for fields in [["Origin: https://other.example"], ["Origin: null"], ["Origin: https://app.example.evil"], []] {
            let answer = try fixture.request("/v1/items/a", fields: fields)
            #expect(answer.status == 200)
            #expect(answer["access-control-allow-origin"] == nil, "\(fields)")
            #expect(answer.fields.contains { $0 == ("vary", "Origin") }, "\(fields)")
        }
        #expect(allowed.fields.contains { $0 == ("vary", "Origin") })
        let preflight = try fixture.request("/v1/items", method: "OPTIONS", fields: ["Origin: https://other.example"])
        #expect(preflight["access-control-allow-methods"] == nil)
        #expect(preflight["access-control-allow-headers"] == nil)
        await fixture.stop()
    }

    @Test("with none no page of another origin reads anything")
    func none() async throws {
        let fixture = try filled(.only([]))
        let answer = try fixture.request("/v1/items/a", fields: ["Origin: \(app)"])
        #expect(!answer.fields.contains { $0.name.hasPrefix("access-control") })
        await fixture.stop()
    }
}
