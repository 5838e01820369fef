import CurlTransport
import Digest
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct SigningTests {
    @Test("a request carries the signature that the rules of Signature Version 4 give", arguments: [true, false])
    func signature(hasToken: Bool) async throws {
        let server = Script(.answer(body: "{}")).server()
        defer { server.stop() }
        let transport = try Transport(DynamoDBClientLimits().transportSettings(certificates: nil))
        let keys = Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: "a/secret+key=",
            sessionToken: hasToken ? "a/token+==" : nil
        )
        let endpoint = try Endpoint(server.url)
        let body = Array(#"{"TableName":"Bücher"}"#.utf8)
        var request = DynamoDBOperation.scan.request(to: endpoint, body: body)
        request.sign(
            for: endpoint,
            with: keys,
            region: "eu-central-1",
            service: "dynamodb",
            milliseconds: 1_440_938_160_999
        )
        _ = try await transport.send(request, lane: DynamoDBOperation.scan.lane, timeout: .seconds(20))
        transport.close()

        let received = try #require(server.requests.first)
        #expect(received.requestLine == "POST / HTTP/1.1")
        #expect(received.body == body)
        #expect(received.header("content-type") == "application/x-amz-json-1.0")
        #expect(received.header("x-amz-target") == "DynamoDB_20120810.Scan")
        #expect(received.header("x-amz-security-token") == keys.sessionToken)
        #expect(received.header("x-amz-date") == "20150830T123600Z")
        #expect(received.header("host") == "127.0.0.1:\(server.port)")
        #expect(received.header("expect") == nil)
        #expect(received.header("accept-encoding") == nil)
        let authorization = try #require(received.header("authorization"))
        let signed = try #require(authorization.split(separator: "SignedHeaders=").last?.split(separator: ",").first)
        let names = signed.split(separator: ";").map(String.init)
        #expect(names.contains("host") && names.contains("x-amz-date") && names.contains("x-amz-target"))
        #expect(names.contains("x-amz-security-token") == hasToken)
        #expect(authorization == expected(received, keys, names))
    }

    /// Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request"), written again. `DigestTests` holds the hash beneath against
    /// published values.
    private func expected(_ request: ScriptedServer.Request, _ keys: Credentials, _ names: [String]) -> String {
        let time = request.header("x-amz-date") ?? ""
        let scope = "\(time.prefix(8))/eu-central-1/dynamodb/aws4_request"
        let headers = names.map { "\($0):\(request.header($0) ?? "")\n" }.joined()
        let canonical = [
            "POST", "/", "", headers, names.joined(separator: ";"), SHA256Digest(request.body).hexadecimal,
        ].joined(separator: "\n")
        let text = ["AWS4-HMAC-SHA256", time, scope, SHA256Digest(canonical.utf8).hexadecimal]
            .joined(separator: "\n")
        var key = Array("AWS4\(keys.secretAccessKey)".utf8)
        for part in scope.split(separator: "/") { key = SHA256Digest(hmacOf: part.utf8, key: key).bytes }
        let signature = SHA256Digest(hmacOf: text.utf8, key: key).hexadecimal
        return "AWS4-HMAC-SHA256 Credential=\(keys.accessKeyID)/\(scope), "
            + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
    }
}
