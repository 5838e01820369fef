import HTTPSemantics
import HTTPServer
import Logging
import Service
import ServiceTools
import Synchronization
import TableModel
import Telemetry
import Testing

@testable import API

@Suite struct CrossOriginTests {
    private func filled(_ origins: AllowedOrigins) throws -> ServiceFixture {
        let fixture = try ServiceFixture(settings: { $0.crossOrigins = origins })
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        return fixture
    }

    private let app = "https://app.example"

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

    @Test("a preflight allows what libraries add to requests, and what the operator names")
    func requestFields() async throws {
        let names = try #require(FieldNames("X-Tenant,prefer"))
        let fixture = try ServiceFixture(settings: { $0.crossOriginFields = names })
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        let preflight = try fixture.request("/v1/items/a", method: "OPTIONS", fields: ["Origin: \(app)"])
        let allowed = preflight.members(of: "access-control-allow-headers").map { $0.lowercased() }
        for name in ["traceparent", "tracestate", "baggage", "sentry-trace", "x-requested-with", "x-tenant"] {
            #expect(allowed.contains(name), "\(name)")
        }
        #expect(Set(allowed).count == allowed.count)
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
            #expect(answer.members(of: "vary").contains("Origin"), "\(fields)")
        }
        #expect(allowed.members(of: "vary").contains("Origin"))
        let preflight = try fixture.request("/v1/items", method: "OPTIONS", fields: ["Origin: https://other.example"])
        #expect(preflight["access-control-allow-methods"] == nil)
        #expect(preflight["access-control-allow-headers"] == nil)
        await fixture.stop()
    }

    @Test("by default pages that this machine serves read, on every port, and no other")
    func loopback() async throws {
        let fixture = try filled(.loopback)
        for origin in [
            "http://localhost", "http://localhost:3000", "https://localhost:8443", "http://127.0.0.1:5173",
            "http://[::1]:80",
        ] {
            let answer = try fixture.request("/v1/items/a", fields: ["Origin: \(origin)"])
            #expect(answer["access-control-allow-origin"] == origin)
            #expect(answer.members(of: "vary").contains("Origin"))
        }
        for origin in [
            "null", "http://localhost.evil.example", "http://127.0.0.1.evil.example:80", "http://localhost:80.evil",
            "https://evil.example",
            "http://10.0.0.1", "ftp://localhost", "http://localhost:80@evil.example", "http://", "http://[::1",
            "chrome-extension://abc",
        ] {
            let answer = try fixture.request("/v1/items/a", fields: ["Origin: \(origin)"])
            #expect(answer.status == 200)
            #expect(answer["access-control-allow-origin"] == nil, "\(origin)")
            #expect(answer.members(of: "vary").contains("Origin"))
        }
        await fixture.stop()
    }

    @Test(
        "every answer says that its type is meant and that no page may embed it; the client's module may be imported by any"
    )
    func embedding() async throws {
        for origins in [AllowedOrigins.any, .loopback, .none, .only([app])] {
            let fixture = try filled(origins)
            var answers: [(String, Answer)] = []
            for target in API.operations.map(\.pattern).filter({ !$0.contains("{") && !$0.hasPrefix("/client") }) + [
                "/v1/items/a", "/none", "/v1/%zz", "/web/\(WebModules.version)/console/page.js",
            ] {
                let target = target == "/v1/events" ? "/v1/events?timeout=0" : target
                for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
                    answers.append(
                        ("\(method) \(target)", try fixture.request(target, method: method, fields: ["Origin: \(app)"]))
                    )
                }
            }
            let tag = try #require(try fixture.request("/v1/items/a")["etag"])
            answers.append(("304", try fixture.request("/v1/items/a", fields: ["If-None-Match: \(tag)"])))
            answers.append(("no Host", try fixture.request("/v1/items/a", fields: ["Host: again"])))
            for (name, answer) in answers {
                #expect(
                    answer.fields.filter { $0.name == "x-content-type-options" }.map(\.value) == ["nosniff"],
                    "\(name)"
                )
                let policy = answer.fields.filter { $0.name == "cross-origin-resource-policy" }.map(\.value)
                #expect(policy == ["same-origin"], "\(name)")
            }
            for path in ["/client.js", "/client.d.ts", "/web/\(WebModules.version)/client/share.js"] {
                let module = try fixture.request(path, fields: ["Origin: https://anywhere.example"])
                #expect(module.status == 200)
                #expect(module["access-control-allow-origin"] == "*")
                #expect(module["cross-origin-resource-policy"] == "cross-origin")
                #expect(module["x-content-type-options"] == "nosniff")
            }
            await fixture.stop()
        }
    }

    private final class Lines: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func append(_ line: [UInt8]) { state.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
    }

    private func complete(_ crossOrigin: CrossOrigin, _ fields: [String]) throws -> HTTPResponse {
        var response = HTTPResponse(status: 200)
        crossOrigin.finish(&response, for: HTTPRequest(testing: "", fields: fields))
        return response
    }

    @Test("a refused origin is logged once, with the flag that would let it, and the number of names is bounded")
    func log() throws {
        let lines = Lines()
        let logger = Logger(label: "t") {
            LineLogHandler(label: $0, format: .text, level: .info, write: { lines.append($0) })
        }
        let crossOrigin = CrossOrigin(.loopback, refused: RefusedNames("origins", limit: 4, logger: logger))
        for origin in [
            "https://a.example", "https://a.example", "http://localhost:1", "null", "https://b\u{202E}.example",
        ] {
            _ = try complete(crossOrigin, ["Origin: \(origin)"])
        }
        // The page of the service itself, as it is and behind a proxy that ends TLS.
        _ = try complete(crossOrigin, ["Origin: http://test"])
        _ = try complete(crossOrigin, ["Origin: https://app.example", "Sec-Fetch-Site: same-origin"])
        #expect(lines.all.count == 3, "\(lines.all)")
        #expect(lines.all[0].contains("start the service with --cors-origin loopback,https://a.example"))
        #expect(lines.all[1].contains("only --cors-origin '*' lets"))
        #expect(!lines.all[2].contains("\u{202E}"))
        for number in 0..<50 { _ = try complete(crossOrigin, ["Origin: https://n\(number).example"]) }
        #expect(lines.all.count == 5, "\(lines.all)")
        #expect(lines.all.last?.contains("more origins are refused") == true)
        let listed = CrossOrigin(.only([app]), refused: RefusedNames("origins", limit: 4, logger: logger))
        _ = try complete(listed, ["Origin: https://c.example"])
        #expect(lines.all.last?.contains("to let them, add --cors-origin https://c.example") == true)
    }

    @Test("with none no page of another origin reads anything")
    func none() async throws {
        let fixture = try filled(.only([]))
        let answer = try fixture.request("/v1/items/a", fields: ["Origin: \(app)"])
        #expect(!answer.fields.contains { $0.name.hasPrefix("access-control") })
        await fixture.stop()
    }
}
