/// A JSON value as slices of its text. Reads only what our own writer wrote: no spaces, nothing malformed.
struct JSONNode {
    enum Kind { case object, array, scalar }

    let kind: Kind
    /// The value as it is written.
    let text: ArraySlice<UInt8>
    /// Of an object, in order: the name as it stands between its quotes, and the value.
    private(set) var members: [(name: ArraySlice<UInt8>, value: JSONNode)] = []
    /// Of an array.
    private(set) var elements: [JSONNode] = []

    init(parsing text: [UInt8]) {
        var position = 0
        self.init(text[...], &position)
    }

    /// The members by name.
    var valuesByName: [ArraySlice<UInt8>: JSONNode] {
        Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private init(_ source: ArraySlice<UInt8>, _ position: inout Int) {
        let start = position
        switch source[position] {
        case UInt8(ascii: "{"):
            kind = .object
            position += 1
            while source[position] != UInt8(ascii: "}") {
                if source[position] == UInt8(ascii: ",") { position += 1 }
                let name = Self.skipString(source, &position)
                position += 1
                members.append((name, JSONNode(source, &position)))
            }
            position += 1
        case UInt8(ascii: "["):
            kind = .array
            position += 1
            while source[position] != UInt8(ascii: "]") {
                if source[position] == UInt8(ascii: ",") { position += 1 }
                elements.append(JSONNode(source, &position))
            }
            position += 1
        case UInt8(ascii: "\""):
            kind = .scalar
            _ = Self.skipString(source, &position)
        default:
            kind = .scalar
            while position < source.endIndex, !Self.endsScalar(source[position]) { position += 1 }
        }
        text = source[start..<position]
    }

    /// Moves behind a string; returns what stands between its quotes.
    private static func skipString(_ source: ArraySlice<UInt8>, _ position: inout Int) -> ArraySlice<UInt8> {
        position += 1
        let start = position
        while source[position] != UInt8(ascii: "\"") { position += source[position] == UInt8(ascii: "\\") ? 2 : 1 }
        defer { position += 1 }
        return source[start..<position]
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }
}
