import DynamoSandbox
import TableModel
import Testing

@Suite struct SingleWritesTests {
    @Test("PutItem replaces the whole item and returns the old one when asked")
    func put() throws {
        let fixture = try Fixture.withTables()
        let put = #"{"TableName":"plain","Item":{"id":{"S":"a"},"n":{"N":"1"}},"ReturnValues":"ALL_OLD"}"#
        #expect(try fixture.call(.putItem, put) == "{}")
        #expect(
            try fixture.call(.putItem, put.replacing(#""n":{"N":"1"}"#, with: #""m":{"N":"2"}"#))
                == #"{"Attributes":{"id":{"S":"a"},"n":{"N":"1"}}}"#
        )
        #expect(try fixture.item("a") == ["id": .string("a"), "m": .number("2")])
    }

    @Test(
        "UpdateItem returns what ReturnValues asks for",
        arguments: [
            ("NONE", "{}"),
            ("ALL_OLD", #"{"Attributes":{"id":{"S":"a"},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},"n":{"N":"5"}}}"#),
            ("ALL_NEW", #"{"Attributes":{"id":{"S":"a"},"m":{"M":{"x":{"N":"6"},"y":{"N":"2"}}},"z":{"N":"6"}}}"#),
            ("UPDATED_OLD", #"{"Attributes":{"m":{"M":{"x":{"N":"1"}}},"n":{"N":"5"}}}"#),
            ("UPDATED_NEW", #"{"Attributes":{"m":{"M":{"x":{"N":"6"}}},"z":{"N":"6"}}}"#),
        ]
    )
    func returnValues(kind: String, answer: String) throws {
        let fixture = try Fixture.withTables()
        try fixture.call(
            .putItem,
            #"{"TableName":"plain","Item":{"id":{"S":"a"},"n":{"N":"5"},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}}}}"#
        )
        let update =
            #"{"TableName":"plain","Key":{"id":{"S":"a"}},"UpdateExpression":"SET m.x = :v, z = :v REMOVE n","#
            + #""ExpressionAttributeValues":{":v":{"N":"6"}},"ReturnValues":"\#(kind)"}"#
        #expect(try fixture.call(.updateItem, update) == answer)
    }

    @Test(
        "names that differ only in Unicode normal form are two attributes, in items, updates, placeholders and projections"
    )
    func normalForms() throws {
        let fixture = try Fixture.withTables()
        let both = "\"e\u{301}\":{\"N\":\"6\"},\"\u{E9}\":{\"N\":\"5\"}"
        let put = #"{"TableName":"plain","Item":{"id":{"S":"a"},\#(both),"m":{"M":{\#(both)}}}}"#
        #expect(try fixture.call(.putItem, put) == "{}")
        let item = try #require(try fixture.item("a"))
        #expect(item.count == 4)
        #expect(item["\u{E9}"] == .number("5") && item["e\u{301}"] == .number("6"))
        let update =
            #"{"TableName":"plain","Key":{"id":{"S":"a"}},"UpdateExpression":"SET #a = #b, m.#a = :v REMOVE #b","#
            + "\"ExpressionAttributeNames\":{\"#a\":\"\u{E9}\",\"#b\":\"e\u{301}\"},"
            + #""ExpressionAttributeValues":{":v":{"N":"7"}},"ReturnValues":"ALL_NEW"}"#
        let updated = "{\"e\u{301}\":{\"N\":\"6\"},\"\u{E9}\":{\"N\":\"7\"}}"
        #expect(
            try fixture.call(.updateItem, update).utf8.elementsEqual(
                "{\"Attributes\":{\"id\":{\"S\":\"a\"},\"m\":{\"M\":\(updated)},\"\u{E9}\":{\"N\":\"6\"}}}".utf8
            )
        )
        let get =
            #"{"TableName":"plain","Key":{"id":{"S":"a"}},"ProjectionExpression":"m.#a, m.#b","#
            + "\"ExpressionAttributeNames\":{\"#a\":\"\u{E9}\",\"#b\":\"e\u{301}\"}}"
        #expect(
            try fixture.call(.getItem, get).utf8.elementsEqual("{\"Item\":{\"m\":{\"M\":\(updated)}}}".utf8)
        )
    }

    @Test("UpdateItem creates the item, also without an expression")
    func upsert() throws {
        let fixture = try Fixture.withTables()
        #expect(
            try fixture.call(.updateItem, #"{"TableName":"plain","Key":{"id":{"S":"a"}},"ReturnValues":"ALL_NEW"}"#)
                == #"{"Attributes":{"id":{"S":"a"}}}"#
        )
    }

    @Test("a condition that fails changes nothing, and brings the item when asked")
    func conditionFails() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        let json =
            #"{"TableName":"plain","Key":{"id":{"S":"a"}},"ConditionExpression":"n > :n","#
            + #""ExpressionAttributeValues":{":n":{"N":"1"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#
        let error = fixture.error(.deleteItem, json)
        #expect(error?.code == "ConditionalCheckFailedException")
        #expect(error?.message == "The conditional request failed")
        #expect(error?.item == ["id": .string("a"), "n": .number("1")])
        #expect(try fixture.item("a") != nil)
    }

    @Test(
        "keys are refused in DynamoDB's words",
        arguments: [
            (
                SandboxOperation.putItem, #""Item":{"n":{"N":"1"}}"#,
                "One or more parameter values were invalid: Missing the key id in the item"
            ),
            (
                .putItem, #""Item":{"id":{"N":"1"}}"#,
                "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"
            ),
            (
                .putItem, #""Item":{"id":{"S":""}}"#,
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
                    + "string value. Key: id"
            ),
            (.getItem, #""Key":{"id":{"N":"1"}}"#, "The provided key element does not match the schema"),
            (
                .deleteItem, #""Key":{"id":{"S":"a"},"x":{"S":"b"}}"#,
                "The provided key element does not match the schema"
            ),
            (
                .updateItem,
                #""Key":{"id":{"S":"a"}},"UpdateExpression":"REMOVE id""#,
                "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key"
            ),
        ]
    )
    func keys(operation: SandboxOperation, members: String, message: String) throws {
        let fixture = try Fixture.withTables()
        #expect(fixture.refusal(operation, #"{"TableName":"plain",\#(members)}"#) == message)
    }

    @Test("an item over 400 KB is refused, by put and by update")
    func size() throws {
        let fixture = try Fixture.withTables()
        let large = String(repeating: "x", count: 409_595)
        #expect(throws: SandboxError("ValidationException", "Item size has exceeded the maximum allowed size")) {
            try fixture.sandbox.put(["id": .string("abc"), "v": .string(large + "x")], into: "plain")
        }
        try fixture.sandbox.put(["id": .string("ab"), "v": .string(large)], into: "plain")
        #expect(
            throws: SandboxError("ValidationException", "Item size to update has exceeded the maximum allowed size")
        ) {
            try fixture.sandbox.update(["id": .string("ab")], in: "plain", "SET w = :w", values: [":w": .null])
        }
    }
}
