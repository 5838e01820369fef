import Basics
import Digest
import TableModel

/// The token that `aws sso login` leaves in a file.
struct SSOToken: Sendable, Hashable, CustomReflectable {
    let accessToken: String
    /// Milliseconds since 1970 UTC.
    let expiresAt: Int64

    /// Why a file has no token. The reason has no value of the file in it.
    struct Defect: Error, Hashable {
        let reason: String
    }

    /// The file's name below `~/.aws/sso/cache`: the SHA-1 of the session's name, or of the start URL where there is no session.
    static func fileName(_ settings: SSOSettings) -> String {
        SHA1Digest((settings.session ?? settings.startURL).utf8).hexadecimal + ".json"
    }

    /// Reads a file's bytes.
    init(_ bytes: [UInt8]) throws(Defect) {
        var members = Members()
        if let error = members.read(bytes) { throw Defect(reason: "it is not the JSON of a token: \(error.located)") }
        guard let token = members.accessToken, !token.isEmpty else { throw Defect(reason: "it has no accessToken") }
        // It becomes a field of a request.
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Defect(reason: "its accessToken has a space, a line end or another character that no token has")
        }
        guard let expiresAt = members.expiresAt.flatMap({ Timestamp.lenientMilliseconds($0) }) else {
            throw Defect(reason: "its expiresAt is missing or not a time")
        }
        accessToken = token
        self.expiresAt = expiresAt
    }

    private struct Members {
        var accessToken: String?
        var expiresAt: String?

        mutating func read(_ bytes: [UInt8]) -> JSONError? {
            bytes.withUnsafeBytes { bytes in
                var json = JSONReader(bytes)
                do throws(JSONError) { try read(&json) } catch { return error }
                return nil
            }
        }

        private mutating func read(_ json: inout JSONReader) throws(JSONError) {
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "accessToken": accessToken = try json.readOptionalString()
                case "expiresAt": expiresAt = try json.readOptionalString()
                default: try json.skipValue()
                }
            }
            try json.readEnd()
        }
    }

    /// No children: `dump` shows no secrets.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
