import Basics
import Digest
import TableModel

/// Why a file of tokens cannot be used: one sentence that never holds a token.
package struct TokenFileError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Reads the tokens of `--auth-token-file`:
///
///     {"tokens": [
///       {"name": "dashboard", "token": "…", "scopes": ["read", "stream"], "keys": {"partition_prefix": "tenant#7#"}},
///       {"name": "prometheus", "sha256": "…", "scopes": ["metrics"]}
///     ]}
///
/// A token is given itself or as the 64 hexadecimal digits of its SHA-256. `keys` is `partition_prefix`, or `partition` with or
/// without `sort_prefix`. Everything is checked: a misspelled member would open more than was meant, or less.
enum TokenFile {
    /// The tokens in `bytes`.
    static func parse(_ bytes: [UInt8]) throws(TokenFileError) -> [AccessToken] {
        var entries: [TokenEntry] = []
        do throws(JSONError) {
            entries = try JSONReader.read(bytes, maximumDepth: 8, read)
        } catch {
            throw TokenFileError("\(error.reason), at byte \(error.offset)")
        }
        guard !entries.isEmpty else { throw TokenFileError("it has no tokens, so nobody could read anything") }
        guard entries.count <= AuthenticationLimits.tokens else {
            throw TokenFileError("it has \(entries.count) tokens; at most \(AuthenticationLimits.tokens) are allowed")
        }
        var tokens: [AccessToken] = []
        var names: Set<String> = []
        var digests: Set<SHA256Digest> = []
        for (index, entry) in entries.enumerated() {
            let token = try entry.token(number: index + 1)
            guard names.insert(token.name).inserted else {
                throw TokenFileError("two tokens have the name '\(token.name)'")
            }
            guard digests.insert(token.digest).inserted else {
                throw TokenFileError("the token '\(token.name)' is the same as another one")
            }
            tokens.append(token)
        }
        return tokens
    }

    private static func read(_ json: inout JSONReader) throws(JSONError) -> [TokenEntry] {
        var entries: [TokenEntry] = []
        try json.beginObject()
        while let name = try json.nextMember() {
            guard name == "tokens" else { throw unknown(name, "tokens", json.offset) }
            try json.beginArray()
            while try json.nextElement() {
                var entry = TokenEntry()
                try json.beginObject()
                while let name = try json.nextMember() { try readMember(name, &json, into: &entry) }
                entries.append(entry)
            }
        }
        return entries
    }

    private static func readMember(
        _ name: JSONName,
        _ json: inout JSONReader,
        into entry: inout TokenEntry
    ) throws(JSONError) {
        switch name {
        case "name": entry.name = try json.readString()
        case "token": entry.token = try json.readString()
        case "sha256": entry.sha256 = try json.readString()
        case "scopes":
            try json.beginArray()
            while try json.nextElement() { entry.scopes.append(try json.readString()) }
        case "keys":
            entry.isRestricted = true
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "partition": entry.partition = try json.readString()
                case "partition_prefix": entry.partitionPrefix = try json.readString()
                case "sort_prefix": entry.sortPrefix = try json.readString()
                default: throw unknown(name, "partition, partition_prefix, sort_prefix", json.offset)
                }
            }
        default: throw unknown(name, "name, token, sha256, scopes, keys", json.offset)
        }
    }

    private static func unknown(_ name: JSONName, _ allowed: String, _ offset: Int) -> JSONError {
        JSONError("the member '\(QueryParameters.shown(name.text))' is unknown (allowed: \(allowed))", offset: offset)
    }
}

/// An element of `tokens` as it was written.
struct TokenEntry {
    var name: String?
    var token: String?
    var sha256: String?
    var scopes: [String] = []
    var isRestricted = false
    var partition: String?
    var partitionPrefix: String?
    var sortPrefix: String?

    /// The token it describes. `number` counts from 1, for errors about one without a name.
    func token(number: Int) throws(TokenFileError) -> AccessToken {
        guard let name, Self.isName(name) else {
            throw TokenFileError(
                "token \(number) needs a name of 1 to 64 letters, digits, dots, dashes and underscores"
            )
        }
        return AccessToken(
            name: name,
            digest: try digest(name),
            scopes: try scopes(name),
            keys: try keys(name)
        )
    }

    private func digest(_ name: String) throws(TokenFileError) -> SHA256Digest {
        switch (token, sha256) {
        case (let token?, nil):
            guard BearerToken.isWellFormed(token), AuthenticationLimits.tokenBytes.contains(token.utf8.count) else {
                throw TokenFileError(
                    "the token '\(name)' must have 16 to 512 letters, digits and -._~+/, as `openssl rand -hex 32` makes them"
                )
            }
            return SHA256Digest(token.utf8)
        case (nil, let text?):
            guard let digest = SHA256Digest(hexadecimal: text) else {
                throw TokenFileError("sha256 of the token '\(name)' must be 64 hexadecimal digits")
            }
            return digest
        default: throw TokenFileError("the token '\(name)' needs either token or sha256")
        }
    }

    private func scopes(_ name: String) throws(TokenFileError) -> Set<AccessScope> {
        var known: Set<AccessScope> = []
        for text in scopes {
            guard let scope = AccessScope(rawValue: text) else {
                let allowed = AccessScope.allCases.map(\.rawValue).joined(separator: ", ")
                throw TokenFileError(
                    "the token '\(name)' has the unknown scope '\(QueryParameters.shown(text))' (allowed: \(allowed))"
                )
            }
            known.insert(scope)
        }
        guard !known.isEmpty else { throw TokenFileError("the token '\(name)' has no scopes, so it opens nothing") }
        return known
    }

    private func keys(_ name: String) throws(TokenFileError) -> KeyRestriction? {
        guard isRestricted else { return nil }
        switch (partition, partitionPrefix, sortPrefix) {
        case (let partition?, nil, let sortPrefix) where !partition.isEmpty && sortPrefix?.isEmpty != true:
            return KeyRestriction(partition: .exactly(partition), sortPrefix: sortPrefix)
        case (nil, let prefix?, nil) where !prefix.isEmpty:
            return KeyRestriction(partition: .prefix(prefix), sortPrefix: nil)
        default:
            throw TokenFileError(
                "keys of the token '\(name)' must be partition_prefix, or partition with or without sort_prefix, none empty"
            )
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && ByteSet.name.containsAll(of: text)
    }
}
