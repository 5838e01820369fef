import DynamoSandbox
import Testing

@Suite struct MemberRulesTests {
    private static let bad =
        #""ReturnValues":"BAD","ReturnConsumedCapacity":"BAD","ReturnItemCollectionMetrics":"BAD","Select":"BAD""#
    private static let values =
        "Value 'BAD' at 'returnValues' failed to satisfy constraint: Member must satisfy enum "
        + "value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
    private static let capacity =
        "Value 'BAD' at 'returnConsumedCapacity' failed to satisfy constraint: Member must "
        + "satisfy enum value set: [INDEXES, TOTAL, NONE]"
    private static let metrics =
        "Value 'BAD' at 'returnItemCollectionMetrics' failed to satisfy constraint: Member must "
        + "satisfy enum value set: [SIZE, NONE]"
    private static let select =
        "Value 'BAD' at 'select' failed to satisfy constraint: Member must satisfy enum value "
        + "set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"

    @Test(
        "several values outside their sets are one message",
        arguments: [
            (SandboxOperation.putItem, #""Item":{"id":{"S":"a"}}"#, [values, capacity, metrics]),
            (.deleteItem, #""Key":{"id":{"S":"a"}}"#, [values, capacity, metrics]),
            (.updateItem, #""Key":{"id":{"S":"a"}}"#, [values]),
            (.getItem, #""Key":{"id":{"S":"a"}}"#, [capacity]),
            (.query, #""KeyConditionExpression":"id = :a""#, [capacity, select]),
            (.scan, #""X":1"#, [capacity, select]),
            (
                .transactWriteItems, #""TransactItems":[{"Delete":{"TableName":"plain","Key":{}}}]"#,
                [capacity, metrics]
            ),
            (.batchWriteItem, #""RequestItems":{"plain":[{}]}"#, [capacity, metrics]),
            (.batchGetItem, #""RequestItems":{"plain":{"Keys":[{}]}}"#, [capacity]),
        ]
    )
    func sets(operation: SandboxOperation, others: String, found: [String]) throws {
        let noun = found.count == 1 ? "validation error" : "validation errors"
        #expect(
            try Fixture.withTables().refusal(operation, #"{"TableName":"plain",\#(Self.bad),\#(others)}"#)
                == "\(found.count) \(noun) detected: \(found.joined(separator: "; "))"
        )
    }

    @Test(
        "a missing key or item is named with the rest",
        arguments: [SandboxOperation.putItem, .updateItem, .deleteItem]
    )
    func missingKey(operation: SandboxOperation) throws {
        let member = operation == .putItem ? "item" : "key"
        #expect(
            try Fixture.withTables().refusal(operation, #"{"TableName":"plain","ReturnConsumedCapacity":"BAD"}"#)
                == "2 validation errors detected: \(Self.capacity); Value null at '\(member)' failed to satisfy "
                + "constraint: Member must not be null"
        )
    }

    @Test("a Limit of 0 is shown by a Scan and not by a Query")
    func limits() throws {
        let fixture = try Fixture.withTables()
        let rule = "failed to satisfy constraint: Member must have value greater than or equal to 1"
        #expect(
            fixture.refusal(.query, #"{"TableName":"plain","Limit":0}"#)
                == "1 validation error detected: Value at 'Limit' \(rule)"
        )
        #expect(
            fixture.refusal(.scan, #"{"TableName":"plain","Limit":0,"Segment":-1,"TotalSegments":0}"#)
                == "3 validation errors detected: Value '0' at 'limit' \(rule); Value '-1' at 'segment' failed to "
                + "satisfy constraint: Member must have value greater than or equal to 0; Value '0' at 'totalSegments' "
                + rule
        )
        for operation in [SandboxOperation.listTables, .listStreams] {
            #expect(
                fixture.refusal(operation, #"{"Limit":0}"#)
                    == "1 validation error detected: Value '0' at 'limit' \(rule)"
            )
        }
    }

    @Test("what SPECIFIC_ATTRIBUTES are must be said, and a table has no projection of its own")
    func selects() throws {
        let fixture = try Fixture.withTables()
        let words = "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        let query =
            #"{"TableName":"plain","KeyConditionExpression":"id = :a","#
            + #""ExpressionAttributeValues":{":a":{"S":"a"}},"Select":"#
        #expect(
            fixture.refusal(.query, query + #""SPECIFIC_ATTRIBUTES"}"#) == "1 validation error detected: \(words)"
        )
        #expect(fixture.refusal(.scan, #"{"TableName":"plain","Select":"SPECIFIC_ATTRIBUTES"}"#) == words)
        let projected = "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
        #expect(fixture.refusal(.query, query + #""ALL_PROJECTED_ATTRIBUTES"}"#) == projected)
        #expect(fixture.refusal(.scan, #"{"TableName":"plain","Select":"ALL_PROJECTED_ATTRIBUTES"}"#) == projected)
        let named = #"{"TableName":"plain","Select":"SPECIFIC_ATTRIBUTES","ProjectionExpression":"n"}"#
        #expect(fixture.refusal(.scan, named) == nil)
    }

    @Test("what a stream is asked without is named at once")
    func streams() {
        let fixture = Fixture()
        let null = "failed to satisfy constraint: Member must not be null"
        #expect(
            fixture.refusal(.getShardIterator, "{}")
                == "3 validation errors detected: Value null at 'shardIteratorType' \(null); "
                + "Value null at 'streamArn' \(null); Value null at 'shardId' \(null)"
        )
        #expect(
            fixture.refusal(.getRecords, "{}") == "1 validation error detected: Value null at 'shardIterator' \(null)"
        )
        #expect(
            fixture.refusal(.describeStream, #"{"ShardFilter":{"Type":"BAD"}}"#)
                == "2 validation errors detected: Value null at 'streamArn' \(null); Value 'BAD' at 'shardFilter.type' "
                + "failed to satisfy constraint: Member must satisfy enum value set: [CHILD_SHARDS]"
        )
    }
}
