import HTTPServer
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct APITests {
    private func filled() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        return fixture
    }

    @Test("answers unknown paths, methods and broken requests as problems")
    func problems() async throws {
        let fixture = try filled()
        let path = try fixture.request("/v2/items")
        #expect(path.status == 404)
        #expect(path.body.contains("urn:tablecast:problem:path-not-found"))
        let method = try fixture.request("/v1/items", method: "DELETE")
        #expect(method.status == 405)
        #expect(method["allow"] == "GET, HEAD, OPTIONS")
        #expect(method.body.contains("urn:tablecast:problem:method-not-allowed"))
        #expect(try fixture.request("/v1/items", method: "FETCH").status == 501)
        let broken = try fixture.request("/v1/%zz")
        #expect(broken.status == 400)
        #expect(broken["content-type"] == "application/problem+json")
        for answer in [path, method, broken] {
            #expect(answer["access-control-allow-origin"] == "*")
            #expect(answer["cache-control"] == "no-store")
        }
        await fixture.stop()
    }

    @Test("lets pages of other origins read, and send the headers that a feed needs")
    func preflight() async throws {
        let fixture = try filled()
        let answer = try fixture.request(
            "/v1/events",
            method: "OPTIONS",
            fields: ["Origin: https://page.example", "Access-Control-Request-Headers: last-event-id"]
        )
        #expect(answer.status == 204)
        #expect(answer["access-control-allow-origin"] == "*")
        #expect(answer["access-control-allow-headers"]?.contains("Last-Event-ID") == true)
        #expect(answer["access-control-allow-credentials"] == nil)
        let data = try fixture.request("/v1/items/a", fields: ["Origin: https://page.example"])
        for name in ["Replica-Position", "Replica-Lag", "Replica-State", "ETag", "Link"] {
            #expect(data["access-control-expose-headers"]?.contains(name) == true)
        }
        await fixture.stop()
    }

    @Test("has no field twice in any answer")
    func fieldsOnce() async throws {
        let fixture = try filled()
        for path in API.operations.map(\.pattern).filter({ !$0.contains("{") }) + [
            "/v1/items/a", "/none", "/v1/items?x=1",
        ] {
            for method in ["GET", "HEAD", "OPTIONS"] {
                let target = path == "/v1/events" ? "/v1/events?timeout=0" : path
                let names = try fixture.request(target, method: method).fields.map(\.name)
                    // Lists may go on in another field (RFC 9110 section 5.3).
                    .filter { $0 != "vary" && $0 != "link" }
                #expect(Set(names).count == names.count, "\(method) \(path): \(names)")
                #expect(names.contains("cache-control"), "\(method) \(path)")
            }
        }
        await fixture.stop()
    }

    @Test("describes itself in the index, the status and the metrics")
    func operations() async throws {
        let fixture = try filled()
        #expect(try fixture.request("/").body.contains(#""table":"orders""#))
        let status = try fixture.request("/v1/status").body
        for part in [
            #""state":"live""#, #""ready":true"#, #""epoch":"aaaaaaaa""#, #""position":"aaaaaaaa.1""#, #""items":1"#,
            #""key":{"partition":{"name":"id","type":"S"}}"#, #""started_at":"2023-11-14T22:13:20.000Z""#,
        ] { #expect(status.contains(part), "\(part) in \(status)") }
        _ = try fixture.request("/v1/items/a")
        let metrics = try fixture.request("/metrics")
        #expect(metrics["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        for line in [
            "tablecast_replica_items 1", #"tablecast_replica_state{state="live"} 1"#, "tablecast_ready 1",
            "tablecast_replica_lag_seconds 0.012",
            #"tablecast_http_requests_total{route="/v1/items/{pk}",method="GET",status="200"} 1"#,
        ] { #expect(metrics.body.contains("\n\(line)\n"), "\(line)") }
        await fixture.stop()
    }

    @Test(
        "hands out the description, which names exactly the operations that are served, each with exactly its parameters"
    )
    func description() async throws {
        let fixture = try filled()
        let text = try fixture.request("/openapi.yaml").body
        #expect(text.hasPrefix("openapi: 3.1.1\n"))
        #expect(text.contains("\n  version: \(Build.version)\n"))
        let described = DescribedOperations(text)
        let served = API.operations.map { "\($0.method.name) \($0.pattern)" }
        #expect(Set(described.query.keys) == Set(served))
        #expect(Set(served).count == served.count)
        for operation in API.operations {
            let name = "\(operation.method.name) \(operation.pattern)"
            #expect(described.query[name] == Set(operation.parameters), "\(name)")
        }
        await fixture.stop()
    }

    @Test("each operation refuses a parameter that it does not name, and lists those it does")
    func listedParameters() async throws {
        let fixture = try filled()
        for operation in API.operations where operation.method == .get && !operation.parameters.isEmpty {
            let path = operation.pattern.replacing("{pk}", with: "a").replacing("{sk}", with: "b")
            let answer = try fixture.request("\(path)?zz=1")
            #expect(answer.status == 400, "\(path)")
            if path.contains("{sk}") { #expect(answer.body.contains("no sort key")) }
        }
        await fixture.stop()
    }

    @Test("every kind of problem is described")
    func describedProblems() {
        let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        for kind in Problem.Kind.allCases {
            #expect(text.contains("- urn:tablecast:problem:\(kind.rawValue)\n"), "\(kind)")
        }
    }
}
