import CurlTransport
import TableModel

/// A response that is an error: what the service called it, and what class it belongs to.
struct ServiceFault: Sendable, Hashable {
    /// The error's name without its namespace; nil when the response has none.
    let code: DynamoDBError.Code?
    /// The service's words; empty when it has none.
    let message: String

    /// Reads the body of an error response and the field that may stand in for it.
    init(_ response: TransferResponse) {
        var code = ""
        var message = ""
        response.body.withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            // A body that is no JSON object leaves both empty: the status alone has to do.
            try? Self.read(&json, &code, &message)
        }
        if code.isEmpty { code = response.errorType ?? "" }
        let name = Self.bareName(code)
        self.code = name.isEmpty ? nil : DynamoDBError.Code(rawValue: name)
        self.message = message
    }

    private static func read(
        _ json: inout JSONReader,
        _ code: inout String,
        _ message: inout String
    ) throws(JSONError) {
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "__type" where try json.peek() == UInt8(ascii: "\""): code = try json.readString()
            case "message" where try json.peek() == UInt8(ascii: "\""),
                "Message" where try json.peek() == UInt8(ascii: "\""):
                message = try json.readString()
            default: try json.skipValue()
            }
        }
    }

    /// `com.amazonaws.dynamodb.v20120810#X`, `X:http://internal…` and `X` are all `X`.
    static func bareName(_ type: String) -> String {
        let withoutSuffix = type.prefix { $0 != ":" }
        return String(withoutSuffix.split(separator: "#").last ?? "")
    }

    /// The class of an error by its name, then by its status.
    static func kind(code: DynamoDBError.Code?, status: Int) -> DynamoDBError.Kind {
        if let code, let kind = kinds[code] { return kind }
        switch status {
        case 429: return .throttled
        case 408, 500...: return .transient
        case 401, 403: return .accessDenied
        default: return .fatal
        }
    }

    private static let kinds: [DynamoDBError.Code: DynamoDBError.Kind] = {
        var kinds: [DynamoDBError.Code: DynamoDBError.Kind] = [:]
        for (kind, codes) in codesByKind { for code in codes { kinds[code] = kind } }
        return kinds
    }()

    /// The names that DynamoDB, DynamoDB Streams and the common front end use (API references, "Errors" and "Common
    /// Errors"), and `ThrottlingException`, which Streams sends although its model does not list it.
    private static let codesByKind: [(DynamoDBError.Kind, [DynamoDBError.Code])] = [
        (
            .throttled,
            [
                "ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled",
                "RequestThrottledException", "ProvisionedThroughputExceededException", "LimitExceededException",
                "RequestLimitExceeded", "TooManyRequestsException", "SlowDown", "BandwidthLimitExceeded",
            ]
        ),
        (
            .transient,
            [
                "InternalServerError", "InternalServerException", "InternalFailure", "ServiceUnavailable",
                "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException",
            ]
        ),
        (.expiredCredentials, ["ExpiredTokenException", "ExpiredToken", "RequestExpired", "TokenRefreshRequired"]),
        (.expiredIterator, ["ExpiredIteratorException"]),
        (.trimmed, ["TrimmedDataAccessException"]),
        (.notFound, ["ResourceNotFoundException", "TableNotFoundException"]),
        (
            .accessDenied,
            [
                "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidSignatureException",
                "SignatureDoesNotMatch", "IncompleteSignatureException", "IncompleteSignature",
                "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken",
                "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired", "RequestTimeTooSkewed",
            ]
        ),
    ]
}
