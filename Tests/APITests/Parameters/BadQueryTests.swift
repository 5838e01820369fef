import HTTPServer
import ServiceTools
import TableModel
import Testing

@testable import API

/// Every parameter of every operation that reads, given in every way that is wrong for any.
@Suite struct BadQueryTests {
    /// A value that each parameter refuses: of the wrong type, or out of range.
    private static let wrong: [String: [String]] = [
        "sk": ["one"], "sk_prefix": ["1"], "sk_from": ["one"], "sk_to": ["1e200"], "where": ["a==1", "("],
        "fields": ["a,,b", "a..b"], "format": ["xml"], "numbers": ["float"], "order": ["up"],
        "limit": ["0", "-1", "ten", "99999999999999999999"], "cursor": ["AAAA"], "until": ["a==1"],
        "max_lag": ["1d", "-1s", "25h"], "mode": ["some"], "diff": ["both"], "op": ["get"], "since": ["then"],
        "timeout": ["soon", "25h"], "heartbeat": ["0", "6m"], "batch_ms": ["-1", "10001"], "snapshot": ["maybe"],
        "when": ["stale", "LIVE"], "key_encoding": ["hex", "BASE64URL"], "partial": ["maybe"],
    ]
    /// Secrets and resumable ids, which take any text.
    private static let free: Set = ["ticket", "last_event_id", "pk"]

    /// Paths of a table with a partition key S and a sort key N, with what else makes a parameter mean something there.
    private static func target(_ operation: Operation, _ parameter: String) -> String {
        let path = operation.pattern.replacing("{pk}", with: "p").replacing("{sk}", with: "1")
        var pairs: [String] = []
        if parameter.hasPrefix("sk"), operation.parameters.contains("pk") { pairs.append("pk=p") }
        if parameter == "until", operation.parameters.contains("sk") {
            if operation.parameters.contains("pk") { pairs.append("pk=p") }
            pairs.append("sk=1")
        }
        return path + "?" + (pairs + [parameter]).joined(separator: "&")
    }

    private static func ask(_ fixture: ServiceFixture, _ operation: Operation, _ target: String) throws -> Answer {
        let isStream = ["timeout", "heartbeat", "batch_ms"].contains { target.contains("\($0)=") }
        return operation.method == .post
            ? try fixture.post(target, #"{"keys":[{"pk":"p","sk":1}]}"#)
            : try fixture.request(target, fields: isStream ? ["Accept: application/x-ndjson, text/event-stream"] : [])
    }

    private static let reading = API.operations.filter {
        !$0.parameters.isEmpty && $0.pattern != "/v1/items/{pk}/history"
    }

    @Test("each is a problem that names the parameter, the value and what is allowed")
    func matrix() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["pk": .string("p"), "sk": .number("1")]], schema: ServiceFixture.composite)
        var asked = 0
        for operation in Self.reading {
            for parameter in operation.parameters {
                let target = Self.target(operation, parameter)
                // A ticket is not shown, though it is cut or changed.
                let isSecret = parameter == "ticket"
                var mistakes = [
                    ("=a&\(parameter)=a", "more than once"), ("=a%zz", isSecret ? "'***'" : "'a%zz'"),
                    ("=a%4", isSecret ? "'***'" : "'a%4'"), ("=%00", isSecret ? "'***'" : "'%00'"),
                    ("=%C3%28", "UTF-8"), ("%zz=a", "%zz"),
                ]
                if !Self.free.contains(parameter) {
                    mistakes += (Self.wrong[parameter] ?? []).map {
                        ("=" + $0.replacing("=", with: "%3D"), "'\($0)'")
                    }
                    mistakes.append(("=" + String(repeating: "x", count: 5000), "xxx…'"))
                    mistakes.append(("=", "''"))
                    #expect(Self.wrong[parameter] != nil, "no wrong value is known of \(parameter)")
                }
                for (ending, part) in mistakes {
                    let answer = try Self.ask(fixture, operation, target + ending)
                    asked += 1
                    let comment: Comment =
                        "\(operation.pattern) \(parameter)\(ending.prefix(40)): \(answer.body.prefix(600))"
                    #expect(answer.status == 400, comment)
                    #expect(answer["content-type"] == "application/problem+json", comment)
                    let name = ending.hasPrefix("=") ? parameter : parameter + "%zz"
                    #expect(answer.body.contains(#""parameter":"\#(name)""#), comment)
                    #expect(answer.body.contains("The query parameter '\(name)'"), comment)
                    #expect(answer.body.contains(part) && answer.body.utf8.count < 1500, comment)
                }
            }
            let unknown = try Self.ask(fixture, operation, Self.target(operation, "colour") + "=red")
            #expect(unknown.status == 400 && unknown.body.contains(#""parameter":"colour""#), "\(unknown.body)")
            #expect(unknown.body.contains(#""allowed":["\#(operation.parameters[0])""#), "\(unknown.body)")
        }
        #expect(asked > 700)
        await fixture.stop()
    }

    @Test("until is taken wherever the answer is one item, and refused with where it works elsewhere")
    func until() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["pk": .string("p"), "sk": .number("1")]], schema: ServiceFixture.composite)
        for path in ["/v1/items?pk=p&sk=1&", "/v1/items/p?sk=1&", "/v1/items/p/1?"] {
            #expect(try fixture.request(path + "until=sk%3D1").status == 200, "\(path)")
            let unmet = try fixture.request(path + "until=sk%3D2")
            #expect(unmet.status == 412 && unmet.body.contains("condition-not-met"), "\(path): \(unmet.body)")
            let waited = try fixture.request(path + "until=sk%3D1", fields: ["Prefer: wait=5"])
            #expect(waited["preference-applied"] == "wait=5", "\(path)")
        }
        for path in ["/v1/items?", "/v1/items?pk=p&", "/v1/items?pk=p&sk_from=1&", "/v1/items/p?"] {
            let refused = try fixture.request(path + "until=sk%3D1")
            #expect(refused.status == 400, "\(path): \(refused.body)")
            #expect(
                refused.body.contains(
                    "The query parameter 'until' cannot be 'sk=1': it is asked of one item: give its whole key as pk and sk"
                ),
                "\(path): \(refused.body)"
            )
        }
        await fixture.stop()
    }

    @Test("on a table without a sort key until is asked at the item's path")
    func untilOfHashKey() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/v1/items/a?until=exists(id)").status == 200)
        let refused = try fixture.request("/v1/items?pk=a&until=exists(id)")
        #expect(
            refused.status == 400 && refused.body.contains("it is asked of one item, at /v1/items/{id}; this is a list")
        )
        await fixture.stop()
    }
}
