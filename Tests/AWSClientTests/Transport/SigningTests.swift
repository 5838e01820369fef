import Testing

@testable import AWSClient

@Suite struct SigningTests {
    @Test("the test's own SHA-256 and HMAC give the published values")
    func vectors() {
        // FIPS 180-4's "abc", and RFC 4231's test case 2.
        #expect(
            SHA256.hex(SHA256.hash(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            SHA256.hex(SHA256.hmac(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
    }

    @Test("a request carries a signature that an independent implementation computes too", arguments: [true, false])
    func signature(hasToken: Bool) async throws {
        let server = Script(.answer(body: "{}")).server()
        defer { server.stop() }
        let transport = try makeTransport()
        let keys = Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "a/secret+key=",
            sessionToken: hasToken ? "a/token+==" : nil
        )
        let request = HTTPRequest(
            url: server.url + "/",
            target: "DynamoDB_20120810.Scan",
            region: "eu-central-1",
            credentials: keys,
            body: Array(#"{"TableName":"Bücher"}"#.utf8),
            timeout: .seconds(20)
        )
        _ = try await transport.send(request)
        transport.close()

        let received = try #require(server.requests.first)
        #expect(received.requestLine == "POST / HTTP/1.1")
        #expect(received.body == request.body)
        #expect(received.header("content-type") == "application/x-amz-json-1.0")
        #expect(received.header("x-amz-target") == "DynamoDB_20120810.Scan")
        #expect(received.header("x-amz-security-token") == keys.sessionToken)
        #expect(received.header("expect") == nil)
        #expect(received.header("accept-encoding") == nil)
        let authorization = try #require(received.header("authorization"))
        let signed = try #require(authorization.split(separator: "SignedHeaders=").last?.split(separator: ",").first)
        let names = signed.split(separator: ";").map(String.init)
        #expect(names.contains("host") && names.contains("x-amz-date") && names.contains("x-amz-target"))
        #expect(names.contains("x-amz-security-token") == hasToken)
        #expect(authorization == expected(received, keys, names))
    }

    /// Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request").
    private func expected(_ request: ScriptedServer.Request, _ keys: Credentials, _ names: [String]) -> String {
        let time = request.header("x-amz-date") ?? ""
        let scope = "\(time.prefix(8))/eu-central-1/dynamodb/aws4_request"
        let headers = names.map { "\($0):\(request.header($0) ?? "")\n" }.joined()
        let canonical = [
            "POST", "/", "", headers, names.joined(separator: ";"), SHA256.hex(SHA256.hash(request.body)),
        ].joined(separator: "\n")
        let text = ["AWS4-HMAC-SHA256", time, scope, SHA256.hex(SHA256.hash(Array(canonical.utf8)))]
            .joined(separator: "\n")
        var key = Array("AWS4\(keys.secretAccessKey)".utf8)
        for part in scope.split(separator: "/") { key = SHA256.hmac(key: key, Array(part.utf8)) }
        let signature = SHA256.hex(SHA256.hmac(key: key, Array(text.utf8)))
        return "AWS4-HMAC-SHA256 Credential=\(keys.accessKeyID)/\(scope), "
            + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
    }
}
