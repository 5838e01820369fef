import DynamoSandbox
import TableModel
import Testing

@Suite struct TransactionWritesTests {
    private let put = #"{"Put":{"TableName":"plain","Item":{"id":{"S":"new"}}}}"#
    private let check =
        #"{"ConditionCheck":{"TableName":"plain","Key":{"id":{"S":"a"}},"ConditionExpression":"n = :n","#
        + #""ExpressionAttributeValues":{":n":{"N":"1"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}"#
    private let update =
        #"{"Update":{"TableName":"plain","Key":{"id":{"S":"u"}},"UpdateExpression":"ADD n :n","#
        + #""ExpressionAttributeValues":{":n":{"N":"3"}}}}"#
    private let delete = #"{"Delete":{"TableName":"plain","Key":{"id":{"S":"gone"}}}}"#

    private func transact(_ actions: String...) -> String {
        #"{"TransactItems":[\#(actions.joined(separator: ","))]}"#
    }

    @Test("every action is done when all can be")
    func all() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        try fixture.put("gone", 1)
        #expect(try fixture.call(.transactWriteItems, transact(put, check, update, delete)) == "{}")
        #expect(try fixture.item("new") != nil)
        #expect(try fixture.item("u")?["n"] == .number("3"))
        #expect(try fixture.item("gone") == nil)
    }

    @Test("none is done when one cannot be, and every action has its reason")
    func none() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 2)
        try fixture.put("gone", 1)
        let shard = fixture.sandbox.shards(of: "plain")[0]
        let error = fixture.error(.transactWriteItems, transact(put, check, delete))
        #expect(error?.code == "TransactionCanceledException")
        #expect(
            error?.message
                == "Transaction cancelled, please refer cancellation reasons for specific reasons "
                + "[None, ConditionalCheckFailed, None]"
        )
        #expect(error?.reasons.map(\.code) == ["None", "ConditionalCheckFailed", "None"])
        #expect(error?.reasons[1].message == "The conditional request failed")
        #expect(error?.reasons[1].item?["n"] == .number("2"))
        #expect(try fixture.item("new") == nil)
        #expect(try fixture.item("gone") != nil)
        #expect(fixture.sandbox.shards(of: "plain")[0] == shard)
    }

    @Test("a transaction sent again under its token is answered and not done again, for ten minutes")
    func token() throws {
        let fixture = try Fixture.withTables()
        let request = #"{"ClientRequestToken":"t","TransactItems":[\#(update)]}"#
        for _ in 0..<2 { #expect(try fixture.call(.transactWriteItems, request) == "{}") }
        #expect(try fixture.item("u")?["n"] == .number("3"))
        let other = #"{"ClientRequestToken":"t","TransactItems":[\#(put)]}"#
        #expect(fixture.error(.transactWriteItems, other)?.code == "IdempotentParameterMismatchException")
        fixture.clock.advance(by: .seconds(600))
        try fixture.call(.transactWriteItems, request)
        #expect(try fixture.item("u")?["n"] == .number("6"))
    }

    @Test("two actions on one item, none at all and a hundred and one are refused")
    func refusals() throws {
        let fixture = try Fixture.withTables()
        #expect(
            fixture.refusal(.transactWriteItems, transact(put, put))
                == "Transaction request cannot include multiple operations on one item"
        )
        #expect(
            fixture.refusal(.transactWriteItems, transact())
                == "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: "
                + "Member must have length greater than or equal to 1"
        )
        let many = #"{"TransactItems":[\#(Array(repeating: put, count: 101).joined(separator: ","))]}"#
        #expect(fixture.refusal(.transactWriteItems, many)?.contains("length less than or equal to 100") == true)
        #expect(
            fixture.refusal(.transactWriteItems, transact(#"{"Put":{},"Delete":{}}"#))
                == "TransactItems can only contain one of Check, Put, Update or Delete"
        )
    }
}
