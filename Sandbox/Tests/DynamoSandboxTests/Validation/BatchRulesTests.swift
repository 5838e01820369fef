import DynamoSandbox
import Testing

@Suite struct BatchRulesTests {
    private static let least = "failed to satisfy constraint: Member must have length greater than or equal to 1"

    @Test("a batch of nothing is refused", arguments: [SandboxOperation.batchGetItem, .batchWriteItem])
    func empty(operation: SandboxOperation) throws {
        let fixture = try Fixture.withTables()
        for request in ["{}", #"{"RequestItems":{}}"#, #"{"RequestItems":null}"#] {
            #expect(
                fixture.refusal(operation, request)
                    == "1 validation error detected: Value at 'RequestItems' \(Self.least)"
            )
        }
    }

    @Test("a table without requests is named")
    func emptyTables() throws {
        let fixture = try Fixture.withTables()
        #expect(
            fixture.refusal(.batchGetItem, #"{"RequestItems":{"plain":{"Keys":[]},"pair":{"Keys":[]}}}"#)
                == "2 validation errors detected: Value at 'RequestItems.pair.member.Keys' \(Self.least); "
                + "Value at 'RequestItems.plain.member.Keys' \(Self.least)"
        )
        #expect(
            fixture.refusal(.batchWriteItem, #"{"RequestItems":{"plain":[]}}"#)
                == "1 validation error detected: Value at 'RequestItems.plain.member' \(Self.least)"
        )
    }

    @Test(
        "what no table can be called is refused before tables are looked for",
        arguments: [
            (SandboxOperation.batchGetItem, #"{"RequestItems":{"x!":{"Keys":[{"id":{"S":"a"}}]}}}"#),
            (.batchWriteItem, #"{"RequestItems":{"x!":[{"PutRequest":{"Item":{"id":{"S":"a"}}}}]}}"#),
        ]
    )
    func names(operation: SandboxOperation, request: String) throws {
        #expect(
            try Fixture.withTables().error(operation, request)
                == SandboxError(
                    "ValidationException",
                    "1 validation error detected: Value '{x!=[1 requests]}' at 'requestItems' failed to satisfy "
                        + "constraint: Map keys must satisfy constraint: [Member must have length less than or equal to "
                        + "255, Member must have length greater than or equal to 3, Member must satisfy regular "
                        + "expression pattern: [a-zA-Z0-9_.-]+]"
                )
        )
    }

    @Test(
        "the key of an item in a batch is a key of another type, or none",
        arguments: [#""id":{"N":"1"}"#, #""n":{"N":"1"}"#]
    )
    func keys(item: String) throws {
        #expect(
            try Fixture.withTables()
                .refusal(.batchWriteItem, #"{"RequestItems":{"plain":[{"PutRequest":{"Item":{\#(item)}}}]}}"#)
                == "The provided key element does not match the schema"
        )
    }
}
