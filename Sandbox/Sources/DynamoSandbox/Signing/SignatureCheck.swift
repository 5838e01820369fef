import Digest
import HTTPServer

/// Verifies Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request") as DynamoDB does: the key must be known and
/// valid, the fields that matter signed, and the signature that of the request as it came. The date is not held against a clock: the
/// sandbox's is moved by tests, while clients sign with the system's.
enum SignatureCheck {
    private static let algorithm = "AWS4-HMAC-SHA256"

    /// The contents of the Authorization field.
    private struct Authorization {
        let accessKeyID: String
        /// Date, region, service, `aws4_request`.
        let scope: [Substring]
        let signedFields: [String]
        let signature: String

        init?(_ text: String) {
            guard text.hasPrefix("\(algorithm) ") else { return nil }
            var parts: [Substring: Substring] = [:]
            for part in text.dropFirst(algorithm.utf8.count + 1).split(separator: ",") {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if pair.count == 2 { parts[pair[0]] = pair[1] }
            }
            guard let credential = parts["Credential"], let signed = parts["SignedHeaders"],
                let signature = parts["Signature"]
            else { return nil }
            let scope = credential.split(separator: "/", omittingEmptySubsequences: false)
            guard scope.count == 5 else { return nil }
            accessKeyID = String(scope[0])
            self.scope = Array(scope.dropFirst())
            signedFields = signed.split(separator: ";").map(String.init)
            self.signature = String(signature)
        }
    }

    /// Throws what DynamoDB answers when a request is not signed as it must be. `now` is milliseconds since 1970 UTC.
    static func verify(_ request: HTTPRequest, _ keys: [SandboxKey], now: Int64) throws(SandboxError) {
        guard let text = request.header("authorization") else {
            throw SandboxError("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        }
        guard let authorization = Authorization(text) else {
            throw SandboxError("IncompleteSignatureException", "Authorization header requires its parts: \(text)")
        }
        guard let key = keys.first(where: { $0.accessKeyID == authorization.accessKeyID }),
            key.sessionToken == request.header("x-amz-security-token")
        else {
            throw SandboxError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid."
            )
        }
        if let end = key.expiresAt, now >= end {
            throw SandboxError("ExpiredTokenException", "The security token included in the request is expired")
        }
        guard isSigned(request, authorization, key) else {
            throw SandboxError(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                    + "Access Key and signing method. Consult the service documentation for details."
            )
        }
    }

    private static func isSigned(_ request: HTTPRequest, _ authorization: Authorization, _ key: SandboxKey) -> Bool {
        let fields = authorization.signedFields
        let date = request.header("x-amz-date") ?? ""
        guard ["host", "x-amz-date", "x-amz-target"].allSatisfy(fields.contains),
            key.sessionToken == nil || fields.contains("x-amz-security-token"),
            authorization.scope[0] == date.prefix(8), authorization.scope[2] == "dynamodb",
            authorization.scope[3] == "aws4_request"
        else { return false }
        let scope = authorization.scope.joined(separator: "/")
        let canonical = [
            "POST", request.rawPath, request.rawQuery ?? "",
            fields.map { "\($0):\(request.header($0) ?? "")\n" }.joined(), fields.joined(separator: ";"),
            SHA256Digest(request.body).hexadecimal,
        ].joined(separator: "\n")
        let text = [algorithm, date, scope, SHA256Digest(canonical.utf8).hexadecimal].joined(separator: "\n")
        var signingKey = Array("AWS4\(key.secretAccessKey)".utf8)
        for part in authorization.scope { signingKey = SHA256Digest(hmacOf: part.utf8, key: signingKey).bytes }
        return SHA256Digest(hmacOf: text.utf8, key: signingKey).hexadecimal == authorization.signature
    }
}
