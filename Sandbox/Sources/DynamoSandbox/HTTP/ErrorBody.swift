import Basics
import TableModel

/// An error as the JSON 1.0 protocol writes it.
enum ErrorBody {
    static func json(_ error: SandboxError, isStreams: Bool) -> [UInt8] {
        let type = namespace(of: error, isStreams: isStreams) + error.code
        return JSONWriter.object { output in
            output.member("__type", type)
            output.member(spellsMessageLarge.contains(error.code) ? "Message" : "message", error.message)
            if let item = error.item { output.member("Item", item) }
            guard !error.reasons.isEmpty else { return }
            output.name("CancellationReasons")
            output.array(error.reasons) { output, reason in
                output.object { output in
                    output.member("Code", reason.code)
                    if let message = reason.message { output.member("Message", message) }
                    if let item = reason.item { output.member("Item", item) }
                }
            }
        }
    }

    /// Errors of the layers in front of DynamoDB come in those layers' namespaces, as with the real service.
    private static func namespace(of error: SandboxError, isStreams: Bool) -> String {
        if error.code == "ThrottlingException" { return "com.amazon.coral.availability#" }
        if frontDoor.contains(error.code) { return "com.amazon.coral.service#" }
        return isStreams ? "com.amazonaws.dynamodb.streams.v20120810#" : "com.amazonaws.dynamodb.v20120810#"
    }

    private static let frontDoor: Set<String> = [
        "SerializationException", "UnknownOperationException", "AccessDeniedException", "UnrecognizedClientException",
        "IncompleteSignatureException",
        "ExpiredTokenException", "InvalidSignatureException", "MissingAuthenticationTokenException",
    ]

    /// The exceptions whose sentence comes as `Message`; all others have `message`. Clients must read both.
    private static let spellsMessageLarge: Set<String> = [
        "SerializationException", "AccessDeniedException", "TransactionCanceledException",
    ]
}
