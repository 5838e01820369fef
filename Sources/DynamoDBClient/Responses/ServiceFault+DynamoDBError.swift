import CurlTransport

extension ServiceFault {
    /// The error response in an operator's words.
    static func error(_ response: TransferResponse, _ call: CallContext, limits: DynamoDBClientLimits) -> DynamoDBError
    {
        let fault = ServiceFault(response)
        guard let code = fault.code else { return unnamed(response, call, limits: limits) }
        let kind = kind(code: code, status: response.status)
        var message = fault.message.isEmpty ? "HTTP status \(response.status)" : fault.message
        message = bounded(message, limits.messageCharacters)
        if let request = response.requestID { message += " (request \(request.prefix(64)))" }
        return call.error(kind, code, message, hint: hint(kind, fault, call))
    }

    /// An error that is not in DynamoDB's form: a proxy's page, or another server's.
    private static func unnamed(_ response: TransferResponse, _ call: CallContext, limits: DynamoDBClientLimits)
        -> DynamoDBError
    {
        let form =
            switch response.body.first(where: { $0 > 0x20 }) {
            case nil: "an empty body"
            case UInt8(ascii: "<"): "an HTML or XML page"
            default: "a body that is not in DynamoDB's form"
            }
        let excerpt = bounded(withoutTokens(String(decoding: response.body.prefix(4_096), as: UTF8.self)), 120)
        return call.error(
            kind(code: nil, status: response.status),
            "HTTP \(response.status)",
            "\(call.endpoint) answered with status \(response.status) and \(form)\(excerpt.isEmpty ? "" : ": \(excerpt)")",
            hint: "Check that \(call.endpoint) is DynamoDB and not a proxy or another server."
        )
    }

    /// The text without words that may be keys, tokens or signatures: a server that is not AWS may quote the request.
    private static func withoutTokens(_ text: String) -> String {
        var (result, word) = (String.UnicodeScalarView(), String.UnicodeScalarView())
        func flush() {
            result.append(contentsOf: word.count >= 32 ? "…".unicodeScalars : word)
            word.removeAll()
        }
        for scalar in text.unicodeScalars {
            if scalar.isASCII, scalar.value > 0x20, !"<>\"'&:;,(){}[]".unicodeScalars.contains(scalar) {
                word.append(scalar)
            } else {
                flush()
                result.append(scalar)
            }
        }
        flush()
        return String(result)
    }

    /// One line, no control characters, at most `limit` characters.
    static func bounded(_ text: String, _ limit: Int) -> String {
        var result = ""
        var isSpace = false
        for scalar in text.unicodeScalars {
            let isBlank = scalar.value <= 0x20 || scalar.value == 0x7F
            if isBlank, isSpace || result.isEmpty { continue }
            isSpace = isBlank
            result.unicodeScalars.append(isBlank ? " " : scalar)
            if result.unicodeScalars.count > limit { return result + "…" }
        }
        return isSpace ? String(result.dropLast()) : result
    }

    private static func hint(_ kind: DynamoDBError.Kind, _ fault: ServiceFault, _ call: CallContext) -> String {
        switch kind {
        case .throttled:
            "Calls come too often or ask for too much: raise the table's read capacity if it persists."
        case .transient:
            "If it persists, look at the AWS Health Dashboard and at \(call.endpoint)."
        case .expiredCredentials:
            "Renew the credentials: a file, a role and a metadata service are asked again, the environment is not."
        case .expiredIterator:
            "A new iterator is taken after the last record read."
        case .trimmed:
            "The records are older than the 24 hours that a stream keeps: a new scan of the table is needed."
        case .notFound where call.isOfStreams:
            "Check that the stream is still the table's: `aws dynamodb describe-table` shows LatestStreamArn."
        case .notFound:
            "Check the table's name, the region and the account: `aws dynamodb list-tables`."
        case .accessDenied where DynamoDBError.isClockTrouble(fault.code, fault.message):
            "Check this machine's clock: signatures are good for a few minutes only."
        case .accessDenied where fault.isKeyTrouble, .fatal where fault.isKeyTrouble:
            "Enable the KMS key that encrypts the table, and allow kms:Decrypt to this identity: `aws dynamodb describe-table` "
                + "names the key as KMSMasterKeyArn."
        case .accessDenied where fault.isSignatureTrouble:
            "Check the access key, its secret and its session token: `aws sts get-caller-identity`."
        case .accessDenied:
            "Allow dynamodb:\(call.operation) to this identity (`aws sts get-caller-identity`)."
        case .fatal where fault.code == .unknownOperation && call.isOfStreams:
            "Name the endpoint of DynamoDB Streams with --streams-endpoint-url: \(call.endpoint) seems to serve DynamoDB alone."
        case .fatal where fault.code == .unknownOperation:
            "Check --endpoint-url and AWS_ENDPOINT_URL_DYNAMODB: \(call.endpoint) does not seem to serve DynamoDB."
        case .malformed, .fatal, .cancelled:
            "Check the request against the DynamoDB API reference."
        }
    }

    /// Whether the service was refused by AWS KMS, which alone has this name in its words.
    private var isKeyTrouble: Bool { message.contains("KMS") || message.contains("kms:") }

    private var isSignatureTrouble: Bool { code.map { !DynamoDBError.Code.accessDenied.contains($0) } ?? true }
}
