import Basics
import TableModel

/// The JSON that a `credential_process` writes (AWS SDKs and Tools Reference Guide, "Process credential provider").
struct ProcessOutput: CustomReflectable {
    let credentials: Credentials
    /// Milliseconds since 1970 UTC; nil for keys without an end.
    let expiresAt: Int64?

    /// Why an output is not accepted. The reason has no value of the output in it but the version.
    struct Defect: Error, Hashable {
        let reason: String
    }

    /// Reads an output whole.
    init(_ bytes: [UInt8]) throws(Defect) {
        guard bytes.contains(where: { $0 > 0x20 }) else { throw Defect(reason: "it wrote nothing to standard output") }
        var members = Members()
        do throws(JSONError) {
            try members.read(bytes)
        } catch {
            throw Defect(reason: "its output is not the JSON of a credential_process: \(error.located)")
        }
        guard let version = members.version else { throw Defect(reason: "its output has no Version") }
        guard version == "1" else {
            throw Defect(reason: "its output has Version \(version.prefix(20)), and only 1 is known")
        }
        credentials = Credentials(
            accessKeyID: try Self.checked(members.accessKeyID, "AccessKeyId"),
            secretAccessKey: try Self.checked(members.secretAccessKey, "SecretAccessKey"),
            sessionToken: members.sessionToken?.isEmpty == false
                ? try Self.checked(members.sessionToken, "SessionToken") : nil
        )
        guard let expiration = members.expiration, !expiration.isEmpty else {
            expiresAt = nil
            return
        }
        guard let end = Timestamp.lenientMilliseconds(expiration) else {
            throw Defect(reason: "Expiration in its output is not a time such as 2026-11-30T00:00:00Z")
        }
        expiresAt = end
    }

    private static func checked(_ value: String?, _ name: String) throws(Defect) -> String {
        guard let value, !value.isEmpty else { throw Defect(reason: "its output has no \(name)") }
        // They become header values, which a control character would end early.
        guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Defect(reason: "\(name) in its output has a space, a line end or another character that no key has")
        }
        return value
    }

    /// The names of members. Programs print them when they complain, so they are no secrets.
    static let names: Set<String> = ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]

    private struct Members {
        var version: String?
        var accessKeyID: String?
        var secretAccessKey: String?
        var sessionToken: String?
        var expiration: String?

        mutating func read(_ bytes: [UInt8]) throws(JSONError) {
            var failure: JSONError?
            bytes.withUnsafeBytes { bytes in
                var json = JSONReader(bytes)
                do throws(JSONError) { try read(&json) } catch { failure = error }
            }
            if let failure { throw failure }
        }

        private mutating func read(_ json: inout JSONReader) throws(JSONError) {
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "Version" where try json.peek() != UInt8(ascii: "n"):
                    version = String(decoding: try json.readRaw(), as: UTF8.self)
                case "AccessKeyId": accessKeyID = try json.readOptionalString()
                case "SecretAccessKey": secretAccessKey = try json.readOptionalString()
                case "SessionToken": sessionToken = try json.readOptionalString()
                case "Expiration": expiration = try json.readOptionalString()
                default: try json.skipValue()
                }
            }
            try json.readEnd()
        }
    }

    /// No children: `dump` shows no secrets.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
