import DynamoSandbox
import TableModel
import Testing

@Suite struct SingleReadsTests {
    private func get(_ ids: [String], _ more: String = "") -> String {
        let keys = ids.map { #"{"id":{"S":"\#($0)"}}"# }.joined(separator: ",")
        return #"{"RequestItems":{"plain":{"Keys":[\#(keys)]\#(more)}}}"#
    }

    @Test("BatchGetItem finds what is there and leaves out what is not")
    func found() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        try fixture.put("b", 2)
        #expect(
            try fixture.call(.batchGetItem, get(["b", "none", "a"]))
                == #"{"Responses":{"plain":[{"id":{"S":"b"},"n":{"N":"2"}},{"id":{"S":"a"},"n":{"N":"1"}}]},"UnprocessedKeys":{}}"#
        )
    }

    @Test("what does not fit comes back as UnprocessedKeys, in the shape of the request")
    func unprocessed() throws {
        let fixture = try Fixture.withTables { $0.batchGetBytes = 10 }
        try fixture.put("a", 1)
        try fixture.put("b", 2)
        try fixture.put("c", 3)
        let answer = try fixture.call(.batchGetItem, get(["a", "b", "c"], #","ConsistentRead":true"#))
        #expect(answer.contains(#""Responses":{"plain":[{"id":{"S":"a"},"n":{"N":"1"}}]}"#))
        #expect(
            answer.contains(
                #""UnprocessedKeys":{"plain":{"Keys":[{"id":{"S":"b"}},{"id":{"S":"c"}}],"ConsistentRead":true}}"#
            )
        )
    }

    @Test("more than 100 keys and one key twice are refused")
    func refusals() throws {
        let fixture = try Fixture.withTables()
        #expect(
            fixture.refusal(.batchGetItem, get((0..<101).map(String.init)))
                == "1 validation error detected: Value at 'RequestItems.plain.member.Keys' failed to satisfy "
                + "constraint: Member must have length less than or equal to 100"
        )
        let keys = (0..<51).map { #"{"id":{"S":"\#($0)"}}"# }.joined(separator: ",")
        let overBoth = #"{"RequestItems":{"plain":{"Keys":[\#(keys)]},"other":{"Keys":[\#(keys)]}}}"#
        #expect(fixture.refusal(.batchGetItem, overBoth) == "Too many items requested for the BatchGetItem call")
        #expect(fixture.refusal(.batchGetItem, get(["a", "a"])) == "Provided list of item keys contains duplicates")
    }

    @Test("reads without consistency see an item as it was, consistent ones as it is")
    func staleReads() throws {
        let fixture = try Fixture.withTables { $0.replicaLag = .seconds(2) }
        try fixture.put("a", 1)
        fixture.clock.advance(by: .seconds(5))
        try fixture.put("a", 2)
        let get = #"{"TableName":"plain","Key":{"id":{"S":"a"}},"ConsistentRead":"#
        #expect(try fixture.call(.getItem, get + "false}").contains(#""n":{"N":"1"}"#))
        #expect(try fixture.call(.getItem, get + "true}").contains(#""n":{"N":"2"}"#))
        #expect(try fixture.call(.scan, #"{"TableName":"plain"}"#).contains(#""n":{"N":"1"}"#))
        #expect(try fixture.call(.scan, #"{"TableName":"plain","ConsistentRead":true}"#).contains(#""n":{"N":"2"}"#))
        fixture.clock.advance(by: .seconds(2))
        #expect(try fixture.call(.getItem, get + "false}").contains(#""n":{"N":"2"}"#))
    }
}
