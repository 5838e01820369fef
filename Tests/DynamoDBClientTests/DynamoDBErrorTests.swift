import Testing

@testable import DynamoDBClient

@Suite struct DynamoDBErrorTests {
    private func error(message: String, hint: String) -> DynamoDBError {
        DynamoDBError(kind: .fatal, operation: "Scan", subject: "table t", code: "X", message: message, hint: hint)
    }

    @Test("a description is one line of whole sentences, with the hint where there is one")
    func description() {
        #expect(error(message: "no", hint: "Do.").description == "Scan table t failed: X: no. Do.")
        #expect(error(message: "No.", hint: "Do.").description == "Scan table t failed: X: No. Do.")
        #expect(error(message: "no", hint: "").description == "Scan table t failed: X: no.")
    }

    @Test("only what may succeed later without anybody's help is retryable", arguments: DynamoDBError.Kind.allCases)
    func retryable(kind: DynamoDBError.Kind) {
        let error = DynamoDBError(kind: kind, operation: "", subject: "", code: "", message: "", hint: "")
        #expect(error.isRetryable == [.throttled, .transient, .malformed, .expiredCredentials].contains(kind))
    }
}
