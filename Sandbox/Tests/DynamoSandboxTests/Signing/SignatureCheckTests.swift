import DynamoSandbox
import Testing

/// What is refused. That what a real client signs is accepted, and a wrong secret is not, is shown with the client's tests.
@Suite struct SignatureCheckTests {
    private func answer(_ fields: String, keys: [SandboxKey]?) async throws -> RawClient.Response {
        let fixture = try Fixture.withTables { $0.keys = keys }
        let client = RawClient(port: try fixture.sandbox.start())
        // The fields ride behind the target.
        let answer = client.post(target: SandboxOperation.listTables.target + fields, "{}")
        await fixture.sandbox.stop()
        return answer
    }

    private static let key = SandboxKey(accessKeyID: "AKID", secretAccessKey: "secret")
    private static let scope = "20260101/us-east-1/dynamodb/aws4_request"

    @Test("without keys, nothing needs a signature")
    func open() async throws {
        #expect(try await answer("", keys: nil).status == 200)
    }

    @Test(
        "what is not signed as it must be is refused, by the name that DynamoDB uses",
        arguments: [
            ("", "MissingAuthenticationTokenException"),
            ("\r\nAuthorization: Bearer abc", "IncompleteSignatureException"),
            (
                "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=OTHER/\(scope), SignedHeaders=host, Signature=00",
                "UnrecognizedClientException"
            ),
            (
                "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/\(scope), SignedHeaders=host, Signature=00"
                    + "\r\nX-Amz-Security-Token: token",
                "UnrecognizedClientException"
            ),
            (
                "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/\(scope), "
                    + "SignedHeaders=host;x-amz-date;x-amz-target, Signature=00\r\nX-Amz-Date: 20260101T000000Z",
                "InvalidSignatureException"
            ),
        ]
    )
    func refused(fields: String, code: String) async throws {
        let answer = try await answer(fields, keys: [Self.key])
        #expect(answer.status == 400)
        #expect(answer.text.contains("#\(code)\""), "\(answer.text)")
    }

    @Test("a key whose time is over is refused as expired")
    func expired() async throws {
        var key = Self.key
        key.expiresAt = 1_700_000_000_123
        let fields =
            "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/\(Self.scope), SignedHeaders=host, Signature=00"
        #expect(try await answer(fields, keys: [key]).text.contains("#ExpiredTokenException\""))
    }
}
