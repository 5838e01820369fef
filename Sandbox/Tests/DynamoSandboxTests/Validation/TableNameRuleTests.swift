import DynamoSandbox
import Testing

@Suite struct TableNameRuleTests {
    /// Every operation that takes a TableName, with members that are wrong in other ways.
    static let itemOperations: [(SandboxOperation, String)] = [
        (.putItem, #""ReturnValues":"BAD""#), (.updateItem, #""ReturnValues":"BAD""#),
        (.deleteItem, #""ReturnConsumedCapacity":"BAD""#), (.getItem, #""ReturnConsumedCapacity":"BAD""#),
        (.query, #""Select":"BAD","Limit":0"#), (.scan, #""Segment":-1"#),
    ]
    static let tableOperations: [(SandboxOperation, String)] = [
        (.describeTable, #""X":1"#), (.deleteTable, #""X":1"#), (.updateTable, #""BillingMode":"BAD""#),
        (.listStreams, #""Limit":0"#),
    ]
    static let frame = "1 validation error detected: Value"
    static let names: [(String, String)] = [
        ("x!", "\(frame) 'x!' at 'tableName' failed to satisfy constraint: \(pattern)"),
        ("bad name", "\(frame) 'bad name' at 'tableName' failed to satisfy constraint: \(pattern)"),
        (
            "",
            "\(frame) at 'TableName' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
        (
            String(repeating: "a", count: 256),
            "\(frame) '\(String(repeating: "a", count: 256))' at 'tableName' failed to satisfy constraint: "
                + "Member must have length less than or equal to 255"
        ),
    ]
    static let pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"

    @Test("a name that cannot be one is all that the message is about", arguments: itemOperations + tableOperations)
    func invalid(operation: SandboxOperation, others: String) throws {
        let fixture = try Fixture.withTables()
        for (name, message) in Self.names {
            let error = fixture.error(operation, #"{"TableName":"\#(name)",\#(others)}"#)
            #expect(error == SandboxError("ValidationException", message))
        }
    }

    @Test("a missing name is, too", arguments: itemOperations)
    func missing(operation: SandboxOperation, others: String) throws {
        #expect(
            try Fixture.withTables().refusal(operation, "{\(others)}")
                == "\(Self.frame) null at 'tableName' failed to satisfy constraint: Member must not be null"
        )
    }

    @Test("operations on tables say it in their own words", arguments: tableOperations.dropLast())
    func missingTable(operation: SandboxOperation, others: String) throws {
        #expect(
            try Fixture.withTables().refusal(operation, "{\(others)}")
                == "The parameter 'TableName' is required but was not present in the request"
        )
    }

    @Test(
        "a new table's name has three characters at least",
        arguments: [
            (
                "ab",
                "'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
            ),
            ("", "'' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"),
            ("x!y", "'x!y' at 'tableName' failed to satisfy constraint: \(pattern)"),
        ]
    )
    func new(name: String, message: String) {
        let request = #"{"TableName":"\#(name)","KeySchema":[],"AttributeDefinitions":[],"BillingMode":"BAD"}"#
        #expect(Fixture().refusal(.createTable, request) == "\(Self.frame) \(message)")
    }

    @Test("an ARN is as good as a name, up to 1024 characters")
    func arns() throws {
        let fixture = try Fixture.withTables()
        let absent = "arn:aws:dynamodb:us-east-1:111111111111:table/absent"
        #expect(fixture.error(.scan, #"{"TableName":"\#(absent)"}"#)?.code == "ResourceNotFoundException")
        let long = absent + String(repeating: "a", count: 1_024)
        #expect(fixture.refusal(.scan, #"{"TableName":"\#(long)"}"#)?.hasSuffix("less than or equal to 1024") == true)
    }

    @Test("a listing begins after what can be a name")
    func listing() {
        #expect(
            Fixture().refusal(.listTables, #"{"Limit":0,"ExclusiveStartTableName":"x!y"}"#)
                == "2 validation errors detected: Value '0' at 'limit' failed to satisfy constraint: Member must have "
                + "value greater than or equal to 1; Value 'x!y' at 'exclusiveStartTableName' failed to satisfy "
                + "constraint: \(Self.pattern)"
        )
    }
}
