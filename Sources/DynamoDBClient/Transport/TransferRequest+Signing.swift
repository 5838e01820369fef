import Basics
import CurlTransport
import Digest

extension TransferRequest {
    /// Signs a request for `/` of an endpoint, with all fields that it has (AWS Signature Version 4: IAM User Guide, "Create a signed AWS
    /// API request"). `milliseconds`, since 1970 UTC, is the time of the signature.
    ///
    /// libcurl can sign too, but by this machine's clock alone, which may be wrong by hours.
    mutating func sign(
        for endpoint: Endpoint,
        with credentials: Credentials,
        region: String,
        service: String,
        milliseconds: Int64
    ) {
        let time = Self.signingTime(milliseconds)
        fields.append(HTTPField(name: "Host", value: endpoint.authority))
        fields.append(HTTPField(name: "X-Amz-Date", value: time))
        if let token = credentials.sessionToken {
            fields.append(HTTPField(name: "X-Amz-Security-Token", value: token))
        }
        let signed = fields.map { (name: $0.name.lowercased(), value: $0.value) }.sorted { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let canonical = [
            method ?? (body == nil ? "GET" : "POST"), "/", "", signed.map { "\($0.name):\($0.value)\n" }.joined(),
            names,
            SHA256Digest(body ?? []).hexadecimal,
        ].joined(separator: "\n")
        let scope = [String(time.prefix(8)), region, service, "aws4_request"]
        let text = ["AWS4-HMAC-SHA256", time, scope.joined(separator: "/"), SHA256Digest(canonical.utf8).hexadecimal]
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in scope { key = SHA256Digest(hmacOf: part.utf8, key: key).bytes }
        let signature = SHA256Digest(hmacOf: text.joined(separator: "\n").utf8, key: key).hexadecimal
        fields.append(
            HTTPField(
                name: "Authorization",
                value: "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope.joined(separator: "/")), "
                    + "SignedHeaders=\(names), Signature=\(signature)"
            )
        )
    }

    /// `20150830T123600Z`.
    private static func signingTime(_ milliseconds: Int64) -> String {
        Timestamp.text(milliseconds).prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }
}
