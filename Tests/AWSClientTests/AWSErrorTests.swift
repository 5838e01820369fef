import Testing

@testable import AWSClient

@Suite struct AWSErrorTests {
    private func error(message: String, hint: String) -> AWSError {
        AWSError(kind: .fatal, operation: "Scan", subject: "table t", code: "X", message: message, hint: hint)
    }

    @Test("a description is one line of whole sentences, with the hint where there is one")
    func description() {
        #expect(error(message: "no", hint: "Do.").description == "Scan table t failed: X: no. Do.")
        #expect(error(message: "No.", hint: "Do.").description == "Scan table t failed: X: No. Do.")
        #expect(error(message: "no", hint: "").description == "Scan table t failed: X: no.")
    }

    @Test("only what may succeed later without anybody's help is retryable", arguments: AWSError.Kind.allCases)
    func retryable(kind: AWSError.Kind) {
        let error = AWSError(kind: kind, operation: "", subject: "", code: "", message: "", hint: "")
        #expect(error.isRetryable == [.throttled, .transient, .malformed, .expiredCredentials].contains(kind))
    }
}
