import HTTPServer
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct IgnoredParametersTests {
    @Test(
        "names that others append are ignored by every operation that reads",
        arguments: [
            "ngsw-bypass=true", "ngsw-bypass", "_=1", "utm_source=x&utm_medium=%E9", "fbclid=1", "gclid=1", "_=1&_=2",
        ]
    )
    func ignored(query: String) async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["pk": .string("p"), "sk": .number("1")]], schema: ServiceFixture.composite)
        for operation in API.operations where operation.method == .get && !operation.pattern.contains("{version}") {
            let path = operation.pattern.replacing("{pk}", with: "p").replacing("{sk}", with: "1")
            // Here it is the item whose sort key is `history`, which is no number.
            if path == "/v1/items/p/history" { continue }
            let target = path + (path == "/v1/events" ? "?timeout=0&" : "?") + query
            #expect(try fixture.request(target).status == 200, "\(target)")
        }
        let batch = try fixture.post("/v1/items/batch-get?\(query)", #"{"keys":[{"pk":"p","sk":1}]}"#)
        #expect(batch.status == 200)
        #expect(try fixture.post("/v1/tickets?\(query)", "").status == 201)
        await fixture.stop()
    }

    @Test(
        "every other unknown name is rejected",
        arguments: ["utm=1", "__=1", "NGSW-bypass=1", "Utm_source=1", "limt=1"]
    )
    func rejected(query: String) async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        for path in ["/v1/items", "/v1/items/a", "/v1/status", "/v1/events", "/v1/changes"] {
            let answer = try fixture.request("\(path)?_=1&\(query)")
            #expect(answer.status == 400 && answer.body.contains("unknown-parameter"), "\(path)")
        }
        await fixture.stop()
    }
}
