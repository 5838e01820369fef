import DynamoSandbox
import Testing

@Suite struct BatchWritesTests {
    private func batch(_ requests: [String]) -> String {
        #"{"RequestItems":{"plain":[\#(requests.joined(separator: ","))]},"ReturnConsumedCapacity":"TOTAL"}"#
    }

    private func put(_ id: Int) -> String { #"{"PutRequest":{"Item":{"id":{"S":"\#(id)"}}}}"# }

    @Test("puts and deletes are done and paid for")
    func done() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("old", 1)
        let answer = try fixture.call(
            .batchWriteItem,
            batch([put(1), put(2), #"{"DeleteRequest":{"Key":{"id":{"S":"old"}}}}"#])
        )
        #expect(answer == #"{"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"plain","CapacityUnits":3.0}]}"#)
        #expect(try fixture.sandbox.itemCount(of: "plain") == 2)
    }

    @Test("more than 25 requests and two on one item are refused, and nothing is done")
    func refusals() throws {
        let fixture = try Fixture.withTables()
        #expect(
            fixture.refusal(.batchWriteItem, batch((0..<26).map(put)))
                == "1 validation error detected: Value '{plain=[26 requests]}' at 'requestItems' failed to satisfy "
                + "constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, "
                + "Member must have length greater than or equal to 1]"
        )
        let half = (0..<13).map(put).joined(separator: ",")
        let overBoth = #"{"RequestItems":{"plain":[\#(half)],"other":[\#(half)]}}"#
        #expect(
            fixture.refusal(.batchWriteItem, overBoth) == "Too many items requested for the BatchWriteItem call"
        )
        #expect(
            fixture.refusal(.batchWriteItem, batch([put(1), put(1)]))
                == "Provided list of item keys contains duplicates"
        )
        #expect(try fixture.sandbox.itemCount(of: "plain") == 0)
    }
}
