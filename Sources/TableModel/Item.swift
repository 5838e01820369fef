/// An immutable DynamoDB item in its packed form: attributes sorted by name in one block of bytes.
///
/// Equal items have equal bytes, wherever they were read, which is what makes content hashes agree between replicas.
public struct Item: Sendable, Hashable {
    /// The packed form; `PackedItem` documents the layout.
    package let packed: [UInt8]

    /// Wraps bytes that `PackedItem` produced.
    package init(packed: [UInt8]) { self.packed = packed }

    /// Packs `attributes`.
    public init(_ attributes: [String: AttributeValue]) { fatalError("contract") }

    /// Every attribute by name, decoded.
    public var attributes: [String: AttributeValue] { fatalError("contract") }

    /// One attribute, decoded; nil when the item has none of that name.
    public subscript(name: String) -> AttributeValue? { fatalError("contract") }
}
