import DynamoSandbox
import TableModel
import Testing

@Suite struct QueryTests {
    private static let numbers = ["-100", "-1.5", "0", "0.001", "2", "10", "100000000000000000000"]

    private func filled() throws -> Fixture {
        let fixture = try Fixture.withTables()
        for partition in ["p", "q", "r"] {
            for number in Self.numbers.shuffled() {
                try fixture.sandbox.put(["id": .string(partition), "pos": .number(number)], into: "pair")
            }
        }
        return fixture
    }

    private func query(_ fixture: Fixture, _ condition: String, _ more: String = "") throws -> [String] {
        let values = ##"":q":{"S":"q"},":l":{"N":"-1.5"},":h":{"N":"10"}"##
        let used = values.split(separator: "},").map { $0.hasSuffix("}") ? String($0) : $0 + "}" }
            .filter { condition.contains(String($0.dropFirst().prefix(2))) }.joined(separator: ",")
        let answer = try fixture.call(
            .query,
            #"{"TableName":"pair","KeyConditionExpression":"\#(condition)","ExpressionAttributeValues":{\#(used)}\#(more)}"#
        )
        return (answer.between("\"Items\":", ",\"Count\"") ?? "").all(between: #""pos":{"N":""#, "\"")
    }

    @Test(
        "selects by the sort key, numbers by value",
        arguments: [
            ("id = :q", 0..<7), ("id = :q AND pos = :l", 1..<2), ("id = :q AND pos < :h", 0..<5),
            ("id = :q AND pos <= :h", 0..<6), ("id = :q AND pos > :l", 2..<7), ("pos >= :l AND id = :q", 1..<7),
            ("(id = :q) AND (pos BETWEEN :l AND :h)", 1..<6), (":q = id AND :h > pos", 0..<5),
        ]
    )
    func selects(condition: String, range: Range<Int>) throws {
        let fixture = try filled()
        #expect(try query(fixture, condition) == Array(Self.numbers[range]))
        #expect(try query(fixture, condition, #","ScanIndexForward":false"#) == Self.numbers[range].reversed())
    }

    @Test("pages go on after their last key, forwards and backwards")
    func pages() throws {
        let fixture = try filled()
        let start = #","ExclusiveStartKey":{"id":{"S":"q"},"pos":{"N":"2"}}"#
        #expect(try query(fixture, "id = :q", #","Limit":2"#) == ["-100", "-1.5"])
        #expect(try query(fixture, "id = :q", start) == ["10", "100000000000000000000"])
        #expect(try query(fixture, "id = :q", #","ScanIndexForward":false,"Limit":2"# + start) == ["0.001", "0"])
    }

    @Test("begins_with selects a prefix of a string sort key, the highest code points included")
    func beginsWith() throws {
        let fixture = Fixture()
        try fixture.sandbox.createTable(
            "words",
            KeySchema(
                partition: KeyAttribute(name: "id", type: .string),
                sort: KeyAttribute(name: "word", type: .string)
            )
        )
        for word in ["a", "ab", "ab\u{10FFFF}", "abc", "ac", "b"] {
            try fixture.sandbox.put(["id": .string("x"), "word": .string(word)], into: "words")
        }
        let answer = try fixture.call(
            .query,
            #"{"TableName":"words","KeyConditionExpression":"id = :x AND begins_with(word, :p)","Select":"COUNT","#
                + #""ExpressionAttributeValues":{":x":{"S":"x"},":p":{"S":"ab"}}}"#
        )
        #expect(answer == #"{"Count":3,"ScannedCount":3}"#)
    }

    @Test(
        "conditions that are no key conditions are refused",
        arguments: [
            ("id > :q", "Query key condition not supported"),
            ("pos = :l", "Query condition missed key schema element: id"),
            ("id = :q AND elsewhere = :l", "Query condition missed key schema element: pos"),
            (
                "id = :q OR pos = :l",
                "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: OR"
            ),
            ("id = :q AND pos <> :l", "Invalid KeyConditionExpression: Unsupported operator; operator: <>"),
            (
                "id = :q AND pos = :q",
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            ),
            (
                "id = :q AND pos > :l AND pos < :h",
                "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"
            ),
        ]
    )
    func refusals(condition: String, message: String) throws {
        let fixture = try filled()
        #expect(throws: SandboxError("ValidationException", message)) { try query(fixture, condition) }
    }
}
