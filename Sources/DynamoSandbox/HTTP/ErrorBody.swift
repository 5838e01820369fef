/// An error as the JSON 1.0 protocol writes it.
enum ErrorBody {
    static func json(_ error: SandboxError, isStreams: Bool) -> [UInt8] {
        let type = namespace(of: error, isStreams: isStreams) + error.code
        return JSONOutput.object { output in
            output.field("__type", type)
            // Serialization errors and the like have a capital M in the real service; transactions have a lower-case one.
            output.field("message", error.message)
            if let item = error.item { output.field("Item", item) }
            guard !error.reasons.isEmpty else { return }
            output.name("CancellationReasons")
            output.array(error.reasons) { output, reason in
                output.object { output in
                    output.field("Code", reason.code)
                    if let message = reason.message { output.field("Message", message) }
                    if let item = reason.item { output.field("Item", item) }
                }
            }
        }
    }

    private static func namespace(of error: SandboxError, isStreams: Bool) -> String {
        switch error.code {
        case "SerializationException", "UnknownOperationException": "com.amazon.coral.service#"
        default: isStreams ? "com.amazonaws.dynamodb.streams.v20120810#" : "com.amazonaws.dynamodb.v20120810#"
        }
    }
}
