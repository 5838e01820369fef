import DynamoSandbox
import TableModel
import Testing

@Suite struct TableOperationsTests {
    private static func create(_ name: String) -> String {
        #"{"TableName":"\#(name)","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"#
            + #""AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST","#
            + #""StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}"#
    }

    @Test("a table is described with its keys, its stream and its items, and is gone once deleted")
    func life() throws {
        let fixture = Fixture()
        #expect(try fixture.call(.createTable, Self.create("one")).contains(#""TableStatus":"CREATING""#))
        try fixture.put("a", 1, into: "one")
        let description = try fixture.call(.describeTable, #"{"TableName":"one"}"#)
        #expect(description.contains(#""TableStatus":"ACTIVE""#))
        #expect(description.contains(#""ItemCount":1"#))
        #expect(description.contains(#""KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]"#))
        #expect(description.contains(#""StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}"#))
        #expect(
            description.contains(
                #""LatestStreamArn":"arn:aws:dynamodb:us-east-1:000000000000:table/one/stream/2023-11-14T22:13:20.123""#
            )
        )
        try fixture.call(.deleteTable, #"{"TableName":"one"}"#)
        #expect(
            fixture.error(.describeTable, #"{"TableName":"one"}"#)
                == SandboxError("ResourceNotFoundException", "Requested resource not found: Table: one not found")
        )
        #expect(
            fixture.error(.getItem, #"{"TableName":"one","Key":{"id":{"S":"a"}}}"#)
                == SandboxError("ResourceNotFoundException", "Requested resource not found")
        )
    }

    @Test("a second table of one name, a bad name and a key without definition are refused")
    func refusals() throws {
        let fixture = Fixture()
        try fixture.call(.createTable, Self.create("one"))
        #expect(
            fixture.error(.createTable, Self.create("one"))
                == SandboxError("ResourceInUseException", "Table already exists: one")
        )
        #expect(
            fixture.refusal(.createTable, Self.create("a b"))
                == "1 validation error detected: Value 'a b' at 'tableName' failed to satisfy constraint: "
                + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )
        let undefined = Self.create("two").replacing(
            #""AttributeName":"id","AttributeType""#,
            with: #""AttributeName":"x","AttributeType""#
        )
        #expect(fixture.refusal(.createTable, undefined)?.contains("Keys: [id], AttributeDefinitions: [x]") == true)
    }

    @Test("a table is known by its ARN too, and one of another account by its ARN alone")
    func arns() throws {
        let fixture = Fixture()
        let own = "arn:aws:dynamodb:us-east-1:000000000000:table/one"
        let other = "arn:aws:dynamodb:us-east-1:222222222222:table/one"
        try fixture.call(.createTable, Self.create("one"))
        try fixture.sandbox.createTable(other, KeySchema(partition: KeyAttribute(name: "id", type: .string)))
        try fixture.put("mine", 1, into: own)
        try fixture.put("theirs", 2, into: other)
        for (name, arn, key) in [("one", own, "mine"), (own, own, "mine"), (other, other, "theirs")] {
            let description = try fixture.call(.describeTable, #"{"TableName":"\#(name)"}"#)
            #expect(description.contains(#""TableName":"one""#) && description.contains(#""TableArn":"\#(arn)""#))
            #expect(description.contains(#""LatestStreamArn":"\#(arn)/stream/"#))
            let scan = try fixture.call(.scan, #"{"TableName":"\#(name)"}"#)
            #expect(scan.contains(key) && scan.contains(#""Count":1"#), "\(scan)")
            let batch = try fixture.call(
                .batchGetItem,
                #"{"RequestItems":{"\#(name)":{"Keys":[{"id":{"S":"\#(key)"}}]}}}"#
            )
            #expect(batch.hasPrefix(#"{"Responses":{"\#(name)":[{"id""#), "\(batch)")
        }
        #expect(try fixture.call(.listTables, "{}") == #"{"TableNames":["one"]}"#)
        #expect(fixture.error(.scan, #"{"TableName":"\#(own)x"}"#)?.code == "ResourceNotFoundException")
    }

    @Test("tables are listed in pages by name")
    func listing() throws {
        let fixture = Fixture()
        for name in ["ccc", "aaa", "bbb"] { try fixture.call(.createTable, Self.create(name)) }
        #expect(
            try fixture.call(.listTables, #"{"Limit":2}"#)
                == #"{"TableNames":["aaa","bbb"],"LastEvaluatedTableName":"bbb"}"#
        )
        #expect(try fixture.call(.listTables, #"{"ExclusiveStartTableName":"bbb"}"#) == #"{"TableNames":["ccc"]}"#)
    }

    @Test("held transitions keep a table CREATING, then ACTIVE, then DELETING until it goes")
    func heldTransitions() throws {
        let fixture = Fixture { $0.holdsTransitions = true }
        try fixture.call(.createTable, Self.create("one"))
        #expect(try fixture.call(.describeTable, #"{"TableName":"one"}"#).contains(#""TableStatus":"CREATING""#))
        #expect(fixture.error(.scan, #"{"TableName":"one"}"#)?.code == "ResourceNotFoundException")
        fixture.sandbox.completeTransitions()
        #expect(try fixture.call(.scan, #"{"TableName":"one"}"#) == #"{"Items":[],"Count":0,"ScannedCount":0}"#)
        try fixture.call(.deleteTable, #"{"TableName":"one"}"#)
        #expect(try fixture.call(.describeTable, #"{"TableName":"one"}"#).contains(#""TableStatus":"DELETING""#))
        fixture.sandbox.completeTransitions()
        #expect(fixture.error(.describeTable, #"{"TableName":"one"}"#)?.code == "ResourceNotFoundException")
    }
}
