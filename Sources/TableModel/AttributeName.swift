/// The name of an attribute, or of a member of a map, told apart by its UTF-8 bytes as DynamoDB does.
///
/// Swift's `String` takes texts that differ only in Unicode normal form for equal, such as `é` as one scalar and as `e` with a
/// combining accent. DynamoDB does not: an item may have both names. So dictionaries of attributes have keys of this type.
/// A string literal is one: `["id": .string("a")]`.
public struct AttributeName: Sendable, Hashable, Comparable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The name as text.
    public let text: String

    /// Names what `text` says, byte for byte.
    public init(_ text: String) { self.text = text }

    /// Names what a literal says.
    public init(stringLiteral text: String) { self.text = text }

    /// The text.
    public var description: String { text }

    /// Whether both have the same bytes.
    public static func == (left: AttributeName, right: AttributeName) -> Bool {
        ByteOrder.compare(left.text, right.text) == 0
    }

    /// DynamoDB's order: by unsigned bytes.
    public static func < (left: AttributeName, right: AttributeName) -> Bool {
        ByteOrder.compare(left.text, right.text) < 0
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { ByteOrder.hash(text, into: &hasher) }
}

extension ByteOrder {
    /// The order of two texts by their UTF-8, where `String` has one by canonical equivalence.
    static func compare(_ left: String, _ right: String) -> Int {
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in compare(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right)) }
        }
    }

    /// Hashes a text by its UTF-8; no text's bytes hold the FF that ends them here.
    static func hash(_ text: String, into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xFF as UInt8)
    }
}
