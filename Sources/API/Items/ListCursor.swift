import ItemQuery
import ReplicaStore
import TableModel

/// Where a list goes on: opaque to clients, valid on every replica of the table, bound to the query it came from.
///
///     cursor = base64url( version:1 seal:8 seq:8 epochLength:1 epoch lastKey )
struct ListCursor {
    /// The last key that was looked at.
    let lastKey: [UInt8]
    /// The position of the list's first page: what changed after it may be missing from the pages that were read earlier.
    let start: Position

    private static let version: UInt8 = 2
    private static let sealEnd = 9
    private static let epochStart = 18
    /// A key has at most 2048 bytes of partition, doubled where all are 00, and 1024 of sort value.
    private static let maximumText = 8192

    init(lastKey: [UInt8], start: Position) {
        self.lastKey = lastKey
        self.start = start
    }

    /// Reads a cursor's text; a 400 when it is none, is damaged, or belongs to another query. The hash is no secret, so anybody can make
    /// a cursor: one whose key lies outside of the query's range is refused too, or it would lead out of that range.
    init(_ text: String, query: [UInt8], within range: KeyRange = KeyRange()) throws(Problem) {
        let bytes = text.utf8.count <= Self.maximumText ? Base64.decodeURL(text) : nil
        guard let bytes, bytes.count > Self.epochStart, bytes[0] == Self.version else {
            throw Self.problem(text, "it is not one that this service gave")
        }
        let content = bytes[Self.sealEnd...]
        guard Array(bytes[1..<Self.sealEnd]) == Self.seal(content, query) else {
            throw Self.problem(
                text,
                "it is damaged, or comes from a list with another pk, sk range, where or order; start again without it"
            )
        }
        let keyStart = Self.epochStart + Int(bytes[Self.epochStart - 1])
        guard keyStart <= bytes.count,
            let epoch = Epoch(String(decoding: bytes[Self.epochStart..<keyStart], as: UTF8.self))
        else { throw Self.problem(text, "it is not one that this service gave") }
        guard bytes[keyStart...].withUnsafeBytes({ range.contains($0) }) else {
            throw Self.problem(text, "it leads out of the range that the list is of")
        }
        let seq = bytes[Self.sealEnd..<Self.sealEnd + 8].reduce(0) { $0 << 8 | UInt64($1) }
        self.init(lastKey: Array(bytes[keyStart...]), start: Position(epoch: epoch, seq: seq))
    }

    /// The text that `next` and `Link` carry.
    func text(query: [UInt8]) -> String {
        var content = (0..<8).map { UInt8(truncatingIfNeeded: start.seq >> (56 - 8 * UInt64($0))) }
        content.append(UInt8(truncatingIfNeeded: start.epoch.text.utf8.count))
        content += start.epoch.text.utf8
        content += lastKey
        return Base64.encodeURL([Self.version] + Self.seal(content[...], query) + content)
    }

    /// 64 bits of the hash of query and content: not a secret, but no cursor passes by accident.
    private static func seal(_ content: ArraySlice<UInt8>, _ query: [UInt8]) -> [UInt8] {
        let low = (query + content).withUnsafeBytes { ContentHash.halves($0).low }
        return (0..<8).map { UInt8(truncatingIfNeeded: low >> (8 * UInt64($0))) }
    }

    private static func problem(_ text: String, _ what: String) -> Problem {
        Problem(
            400,
            .invalidCursor,
            "The query parameter 'cursor' cannot be '\(QueryParameters.shown(text))': \(what).",
            .parameter("cursor")
        )
    }
}
