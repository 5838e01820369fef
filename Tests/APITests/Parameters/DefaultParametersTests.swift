import ServiceTools
import TableModel
import Testing

@testable import API

/// Programs that are generated from `openapi.yaml` send the defaults of all parameters, also to a path whose response is a list on one
/// table and an item on another.
@Suite struct DefaultParametersTests {
    @Test("a list's defaults are accepted where the response is one item, and other values are not")
    func ofLists() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/v1/items/a?order=asc&limit=100&format=plain").body == #"{"id":"a"}"#)
        for query in ["order=desc", "limit=99", "order=asc&limit=1", "cursor=x"] {
            let answer = try fixture.request("/v1/items/a?\(query)")
            #expect(answer.status == 400 && answer.body.contains("unknown-parameter"), "\(query): \(answer.body)")
        }
        try fixture.publish([["pk": .string("p"), "sk": .number("1")]], schema: ServiceFixture.composite)
        #expect(try fixture.request("/v1/items?pk=p&sk=1&order=asc&limit=100").body == #"{"pk":"p","sk":1}"#)
        #expect(try fixture.request("/v1/items?pk=p&sk=1&order=desc").status == 400)
        #expect(try fixture.request("/v1/items?pk=p&sk=1&limit=99").status == 400)
        await fixture.stop()
    }

    @Test("a history's defaults are accepted where the path is the item with the sort key `history`")
    func ofHistories() async throws {
        let schema = KeySchema(
            partition: KeyAttribute(name: "pk", type: .string),
            sort: KeyAttribute(name: "sk", type: .string)
        )
        let fixture = try ServiceFixture()
        try fixture.publish([["pk": .string("p"), "sk": .string("history")]], schema: schema)
        #expect(try fixture.request("/v1/items/p/history?limit=20&diff=none").body == #"{"pk":"p","sk":"history"}"#)
        #expect(try fixture.request("/v1/items/p/history?limit=19").status == 400)
        #expect(try fixture.request("/v1/items/p/history?diff=old").status == 400)
        await fixture.stop()
    }
}
