import DynamoSandbox
import Testing

@Suite struct TransactionRulesTests {
    private static func transact(_ actions: String..., more: String = "") -> String {
        #"{"TransactItems":[\#(actions.joined(separator: ","))]\#(more)}"#
    }

    private static func put(_ key: String, bytes: Int) -> String {
        let text = String(repeating: "x", count: bytes)
        return #"{"Put":{"TableName":"plain","Item":{"id":{"S":"\#(key)"},"text":{"S":"\#(text)"}}}}"#
    }

    private static let small = #"{"Put":{"TableName":"plain","Item":{"id":{"S":"a"}}}}"#
    private static let null = "failed to satisfy constraint: Member must not be null"

    @Test("more than 4 MB in one transaction are refused, and nothing is done")
    func size() throws {
        let fixture = try Fixture.withTables()
        let bytes = 390_000
        let most = #"{"TransactItems":[\#((0..<10).map { Self.put("\($0)", bytes: bytes) }.joined(separator: ","))]}"#
        try fixture.call(.transactWriteItems, most)
        #expect(try fixture.sandbox.itemCount(of: "plain") == 10)
        let tooMuch =
            #"{"TransactItems":[\#((10..<21).map { Self.put("\($0)", bytes: bytes) }.joined(separator: ","))]}"#
        #expect(
            fixture.error(.transactWriteItems, tooMuch)
                == SandboxError("ValidationException", "Transaction request exceeds the 4MB transaction size limit")
        )
        #expect(try fixture.sandbox.itemCount(of: "plain") == 10)
        // Updates count by the items that they lead to.
        let update = { (key: Int) in
            #"{"Update":{"TableName":"plain","Key":{"id":{"S":"\#(key)"}},"UpdateExpression":"SET n = :n","#
                + #""ExpressionAttributeValues":{":n":{"N":"1"}}}}"#
        }
        let updates = (0..<10).map(update) + [Self.put("other", bytes: bytes)]
        #expect(
            fixture.refusal(.transactWriteItems, #"{"TransactItems":[\#(updates.joined(separator: ","))]}"#)
                == "Transaction request exceeds the 4MB transaction size limit"
        )
    }

    @Test("what each action lacks is named by its place")
    func members() throws {
        #expect(
            try Fixture.withTables()
                .refusal(
                    .transactWriteItems,
                    Self.transact(
                        #"{"Put":{"TableName":"x!","Item":{"id":{"S":"a"}}}}"#,
                        #"{"Delete":{"TableName":"plain"}}"#,
                        #"{"Update":{"Key":{"id":{"S":"a"}}}}"#,
                        #"{"ConditionCheck":{"TableName":"plain","Key":{"id":{"S":"b"}}}}"#
                    )
                )
                == "5 validation errors detected: Value 'x!' at 'transactItems.1.member.put.tableName' failed to satisfy "
                + "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; "
                + "Value null at 'transactItems.2.member.delete.key' \(Self.null); "
                + "Value null at 'transactItems.3.member.update.tableName' \(Self.null); "
                + "Value null at 'transactItems.3.member.update.updateExpression' \(Self.null); "
                + "Value null at 'transactItems.4.member.conditionCheck.conditionExpression' \(Self.null)"
        )
    }

    @Test("an action of no kind and a token of 37 characters are refused")
    func others() throws {
        let fixture = try Fixture.withTables()
        #expect(
            fixture.refusal(.transactWriteItems, Self.transact("{}"))
                == "1 validation error detected: Value '' at 'transactItems' failed to satisfy constraint: "
                + "TransactWriteRequest should contain Delete or Put or Update or ConditionCheck"
        )
        let token = #","ClientRequestToken":"\#(String(repeating: "t", count: 37))""#
        #expect(
            fixture.refusal(.transactWriteItems, Self.transact(Self.small, more: token))
                == "1 validation error detected: Value at 'ClientRequestToken' failed to satisfy constraint: "
                + "Member must have length less than or equal to 36"
        )
    }

    @Test("an empty key refuses a transaction; a key of another type cancels it")
    func keys() throws {
        let fixture = try Fixture.withTables()
        let empty =
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            + "empty string value. Key: id"
        for action in [
            #"{"Put":{"TableName":"plain","Item":{"id":{"S":""}}}}"#,
            #"{"Delete":{"TableName":"plain","Key":{"id":{"S":""}}}}"#,
        ] {
            let error = fixture.error(.transactWriteItems, Self.transact(action))
            #expect(error == SandboxError("ValidationException", empty))
        }
        let wrong = Self.transact(#"{"Delete":{"TableName":"plain","Key":{"id":{"N":"1"}}}}"#)
        #expect(fixture.error(.transactWriteItems, wrong)?.code == "TransactionCanceledException")
    }

    @Test("a transaction says that its units are writes, and which are the table's")
    func capacity() throws {
        let fixture = try Fixture.withTables()
        #expect(
            try fixture.call(
                .transactWriteItems,
                Self.transact(Self.small, more: #","ReturnConsumedCapacity":"INDEXES""#)
            )
                == #"{"ConsumedCapacity":[{"TableName":"plain","CapacityUnits":2.0,"WriteCapacityUnits":2.0,"#
                + #""Table":{"CapacityUnits":2.0,"WriteCapacityUnits":2.0}}]}"#
        )
    }
}
