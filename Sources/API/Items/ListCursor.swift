import ItemQuery
import ReplicaStore
import TableModel

/// Where a list, or the first load of a feed, goes on: opaque to clients, valid on every replica of the table, bound to the query it came from.
///
///     cursor = base64url( version:1 seal:8 startLength:1 start lastKey )
struct ListCursor {
    /// The last key that was looked at.
    let lastKey: [UInt8]
    /// The position of the list's first page: what changed after it may be missing from the pages that were read earlier. Where other
    /// replicas gave some of the pages, the position that covers them all (`Position.merged`).
    let start: Position

    private static let version: UInt8 = 3
    private static let sealEnd = 9
    private static let positionStart = 10
    /// A key has at most 2048 bytes of partition, doubled where all are 00, and 1024 of sort value.
    private static let maximumText = 8192

    init(lastKey: [UInt8], start: Position) {
        self.lastKey = lastKey
        self.start = start
    }

    /// Reads a cursor's text; a 400 when it is none, is damaged, or belongs to another query. The hash is no secret, so anybody can make
    /// a cursor: one whose key lies outside of the query's range is refused too, or it would lead out of that range.
    /// `parameter` is the one that it came in.
    init(
        _ text: String,
        query: [UInt8],
        within range: KeyRange = KeyRange(),
        parameter: String = "cursor"
    ) throws(Problem) {
        let bytes = text.utf8.count <= Self.maximumText ? Base64.decodeURL(text) : nil
        guard let bytes, bytes.count > Self.positionStart, bytes[0] == Self.version else {
            throw Self.problem(text, parameter, "it is not one that this service gave")
        }
        let content = bytes[Self.sealEnd...]
        guard Array(bytes[1..<Self.sealEnd]) == Self.seal(content, query) else {
            throw Self.problem(
                text,
                parameter,
                "it is damaged, or comes from a list with another pk, sk range, where or order; start again without it"
            )
        }
        let keyStart = Self.positionStart + Int(bytes[Self.positionStart - 1])
        guard keyStart <= bytes.count,
            let start = Position(String(decoding: bytes[Self.positionStart..<keyStart], as: UTF8.self))
        else { throw Self.problem(text, parameter, "it is not one that this service gave") }
        guard bytes[keyStart...].withUnsafeBytes({ range.contains($0) }) else {
            throw Self.problem(text, parameter, "it leads out of the range that the list is of")
        }
        self.init(lastKey: Array(bytes[keyStart...]), start: start)
    }

    /// The text that `next` and `Link` carry.
    func text(query: [UInt8]) -> String {
        var position: [UInt8] = []
        start.append(to: &position)
        let content = [UInt8(truncatingIfNeeded: position.count)] + position + lastKey
        return Base64.encodeURL([Self.version] + Self.seal(content[...], query) + content)
    }

    /// 64 bits of the hash of query and content: not a secret, but no cursor passes by accident.
    private static func seal(_ content: ArraySlice<UInt8>, _ query: [UInt8]) -> [UInt8] {
        let low = (query + content).withUnsafeBytes { ContentHash.halves($0).low }
        return (0..<8).map { UInt8(truncatingIfNeeded: low >> (8 * UInt64($0))) }
    }

    /// Whether a text looks like a cursor of any version, and not like a position, which has dots.
    static func isLike(_ text: String) -> Bool {
        text.utf8.count >= 4 * positionStart / 3 && !text.utf8.contains(UInt8(ascii: "."))
    }

    private static func problem(_ text: String, _ parameter: String, _ what: String) -> Problem {
        Problem(
            400,
            .invalidCursor,
            "The query parameter '\(parameter)' cannot be '\(QueryParameters.shown(text))': \(what).",
            .parameter(parameter)
        )
    }
}
