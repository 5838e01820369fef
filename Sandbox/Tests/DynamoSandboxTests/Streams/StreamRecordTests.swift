import DynamoSandbox
import TableModel
import Testing

@Suite struct StreamRecordTests {
    @Test(
        "records carry the images of the view type, with the key in each",
        arguments: [
            (SandboxViewType.newAndOldImages, true, true), (.newImage, true, false), (.oldImage, false, true),
            (.keysOnly, false, false),
        ]
    )
    func images(viewType: SandboxViewType, new: Bool, old: Bool) throws {
        let fixture = Fixture()
        try fixture.sandbox.createTable("plain", Fixture.plain, stream: viewType)
        try fixture.put("a", 1)
        try fixture.put("a", 2)
        try fixture.sandbox.delete(["id": .string("a")], from: "plain")
        let json = try fixture.all(fixture.sandbox.shards(of: "plain")[0].id).json
        let images = { (name: String) in json.all(between: "\"\(name)\":", "}}") }
        #expect(
            images("NewImage") == (new ? [#"{"id":{"S":"a"},"n":{"N":"1""#, #"{"id":{"S":"a"},"n":{"N":"2""#] : [])
        )
        #expect(
            images("OldImage") == (old ? [#"{"id":{"S":"a"},"n":{"N":"1""#, #"{"id":{"S":"a"},"n":{"N":"2""#] : [])
        )
        #expect(images("Keys") == Array(repeating: #"{"id":{"S":"a""#, count: 3))
        #expect(json.contains("\"StreamViewType\":\"\(viewType.rawValue)\""))
    }

    @Test("writes that change nothing and deletes of absent items leave no record")
    func noOperations() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        try fixture.put("a", 1)
        try fixture.sandbox.put(["id": .string("a"), "n": .number("1.00")], into: "plain")
        try fixture.sandbox.update(["id": .string("a")], in: "plain", "SET n = n REMOVE absent")
        try fixture.sandbox.delete(["id": .string("none")], from: "plain")
        try fixture.sandbox.update(["id": .string("a")], in: "plain", "ADD n :n", values: [":n": .number("1")])
        try fixture.sandbox.delete(["id": .string("a")], from: "plain")
        #expect(try fixture.all(fixture.sandbox.shards(of: "plain")[0].id).events == ["INSERT", "MODIFY", "REMOVE"])
    }

    @Test("sequence numbers have 21 digits or more, rise and leave gaps; times are whole seconds")
    func numbers() throws {
        let fixture = try Fixture.withTables()
        for index in 0..<50 { try fixture.put("a", index) }
        let page = try fixture.all(fixture.sandbox.shards(of: "plain")[0].id)
        let numbers = page.sequenceNumbers.compactMap { UInt128($0) }
        #expect(numbers.count == 50)
        #expect(page.sequenceNumbers.allSatisfy { $0.count >= 21 })
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        #expect(zip(numbers, numbers.dropFirst()).contains { $1 - $0 > 1 })
        #expect(page.json.contains("\"ApproximateCreationDateTime\":1700000000,"))
    }

    @Test("a time-to-live deletion says that the service did it, in either spelling")
    func timeToLive() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        try fixture.sandbox.expire(["id": .string("a")], in: "plain")
        let shard = fixture.sandbox.shards(of: "plain")[0].id
        #expect(
            try fixture.all(shard).json.contains(
                #""userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}"#
            )
        )
        fixture.sandbox.configure { $0.capitalizesUserIdentity = false }
        #expect(
            try fixture.all(shard).json.contains(
                #""userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#
            )
        )
    }

    @Test("a transaction's changes are records, one each, and a cancelled one leaves none")
    func transactions() throws {
        let fixture = try Fixture.withTables()
        let puts = ["a", "b"].map { #"{"Put":{"TableName":"plain","Item":{"id":{"S":"\#($0)"}}}}"# }.joined(
            separator: ","
        )
        try fixture.call(.transactWriteItems, #"{"TransactItems":[\#(puts)]}"#)
        let check =
            #"{"ConditionCheck":{"TableName":"plain","Key":{"id":{"S":"c"}},"ConditionExpression":"attribute_exists(id)"}}"#
        #expect(fixture.error(.transactWriteItems, #"{"TransactItems":[\#(puts),\#(check)]}"#) != nil)
        #expect(try fixture.all(fixture.sandbox.shards(of: "plain")[0].id).events == ["INSERT", "INSERT"])
    }
}
