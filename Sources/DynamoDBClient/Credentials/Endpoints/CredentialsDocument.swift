import Basics
import TableModel

/// The JSON that hands out keys: of a container endpoint, of the instance metadata service and of a `credential_process` (AWS SDKs and
/// Tools Reference Guide, "Container credential provider", "IMDS credential provider", "Process credential provider").
///
/// Each of them has names of its own for some members; all are understood.
struct CredentialsDocument: Sendable, CustomReflectable {
    private(set) var accessKeyID: String?
    private(set) var secretAccessKey: String?
    /// `Token` or `SessionToken`.
    private(set) var sessionToken: String?
    /// When the keys end, as it is written.
    private(set) var expiration: String?
    /// The version of a process's output.
    private(set) var version: Int64?
    /// `Success`, or the name of a failure.
    private(set) var code: String?
    /// The words of a failure.
    private(set) var message: String?

    /// Keys that the document does not have, or has in a form that cannot be used. `reason` shows no value.
    struct Defect: Error, Hashable {
        let reason: String
    }

    /// Reads a whole document. Members that are not known are skipped. The error names no value.
    init(_ bytes: [UInt8]) throws(JSONError) {
        var document = CredentialsDocument()
        try JSONReader.read(bytes) { json throws(JSONError) in try document.read(&json) }
        self = document
    }

    private init() {}

    private mutating func read(_ json: inout JSONReader) throws(JSONError) {
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "AccessKeyId": accessKeyID = try json.readOptionalString()
            case "SecretAccessKey": secretAccessKey = try json.readOptionalString()
            case "Token", "SessionToken": sessionToken = try json.readOptionalString()
            case "Expiration": expiration = try json.readOptionalString()
            case "Version": version = try json.readNull() ? nil : try json.readInteger()
            case "Code" where try json.peek() == UInt8(ascii: "\""), "code" where try json.peek() == UInt8(ascii: "\""):
                code = try json.readString()
            case "Message" where try json.peek() == UInt8(ascii: "\""),
                "message" where try json.peek() == UInt8(ascii: "\""):
                message = try json.readString()
            default: try json.skipValue()
            }
        }
    }

    /// The keys. Those that have ended are keys too: the service that they are for decides.
    func loaded(source: String) throws(Defect) -> LoadedCredentials {
        let credentials = Credentials(
            accessKeyID: try text(accessKeyID, "AccessKeyId"),
            secretAccessKey: try text(secretAccessKey, "SecretAccessKey"),
            sessionToken: (sessionToken ?? "").isEmpty ? nil : try text(sessionToken, "Token")
        )
        guard let expiration, !expiration.isEmpty else { return LoadedCredentials(credentials, source: source) }
        guard let expiresAt = Timestamp.lenientMilliseconds(expiration) else {
            throw Defect(reason: "Expiration is not a time such as 2026-11-30T00:00:00Z")
        }
        return LoadedCredentials(credentials, expiresAt: expiresAt, source: source)
    }

    private func text(_ value: String?, _ name: String) throws(Defect) -> String {
        guard let value, !value.isEmpty else { throw Defect(reason: "it has no \(name)") }
        // They become header values, which a control character would end early.
        guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Defect(reason: "\(name) has a space, a line end or another character that no key has")
        }
        return value
    }

    /// No children: `dump` shows no secrets.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
