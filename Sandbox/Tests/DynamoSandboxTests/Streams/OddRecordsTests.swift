import DynamoSandbox
import TableModel
import Testing

@Suite struct OddRecordsTests {
    @Test("a record with another event name and version comes in its place among the others")
    func otherEvents() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        try fixture.sandbox.appendRecord(
            of: ["id": .string("a")],
            in: "plain",
            eventName: "EVOLVE",
            eventVersion: "9.0"
        )
        try fixture.put("a", 2)
        let records = try fixture.all(fixture.sandbox.shards(of: "plain")[0].id)
        #expect(records.events == ["INSERT", "EVOLVE", "MODIFY"])
        #expect(records.json.all(between: "\"eventVersion\":\"", "\"") == ["1.1", "9.0", "1.1"])
        #expect(records.sequenceNumbers == records.sequenceNumbers.sorted())
        #expect(try fixture.item("a") == ["id": .string("a"), "n": .number("2")])
    }

    @Test("a table that is not there takes no record")
    func absent() throws {
        let fixture = Fixture()
        #expect(throws: SandboxError.self) {
            try fixture.sandbox.appendRecord(of: ["id": .string("a")], in: "none", eventName: "EVOLVE")
        }
    }
}
