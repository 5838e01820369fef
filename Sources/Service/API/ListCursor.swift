import TableModel

/// Where a list goes on: opaque to clients, valid on every replica of the table, bound to the query it came from.
struct ListCursor {
    /// The key of the last item delivered.
    let lastKey: [UInt8]

    private static let version: UInt8 = 1

    init(lastKey: [UInt8]) { self.lastKey = lastKey }

    /// Reads a cursor's text; a 400 when it is none, is damaged, or belongs to another query.
    init(_ text: String, query: [UInt8]) throws(Problem) {
        let bytes = text.utf8.count <= 8192 ? Base64.decodeURL(text) : nil
        guard let bytes, bytes.count > 9, bytes[0] == Self.version else {
            throw Self.problem("is not one that this service gave")
        }
        let key = Array(bytes[9...])
        guard Array(bytes[1..<9]) == Self.seal(key, query) else {
            throw Self.problem("is damaged, or comes from a query with another pk or order")
        }
        lastKey = key
    }

    /// The text that `next` and `Link` carry.
    func text(query: [UInt8]) -> String {
        Base64.encodeURL([Self.version] + Self.seal(lastKey, query) + lastKey)
    }

    /// 64 bits of the hash of query and key: not a secret, but no cursor passes by accident.
    private static func seal(_ key: [UInt8], _ query: [UInt8]) -> [UInt8] {
        var bytes = query
        bytes.append(0)
        bytes += key
        let low = bytes.withUnsafeBytes { ContentHash.halves($0).low }
        return (0..<8).map { UInt8(truncatingIfNeeded: low >> (8 * UInt64($0))) }
    }

    private static func problem(_ what: String) -> Problem {
        Problem(400, .invalidCursor, "The query parameter 'cursor' \(what).", parameter: "cursor")
    }
}
