/// An immutable DynamoDB item in its packed form: attributes sorted by name in one block of bytes.
///
/// Equal items have equal bytes, wherever they were read, which is what makes content hashes agree between replicas.
public struct Item: Sendable, Hashable {
    /// The packed form; `PackedItem` documents the layout.
    package let packed: [UInt8]

    /// Wraps bytes that `PackedItem` produced.
    package init(packed: [UInt8]) { self.packed = packed }

    /// Packs `attributes`. The elements of sets come back sorted: a set has no order of its own.
    public init(_ attributes: [AttributeName: AttributeValue]) { packed = Packer.pack(attributes) }

    /// Every attribute by name, decoded.
    public var attributes: [AttributeName: AttributeValue] { packed.withUnsafeBytes { PackedDecoder.attributes($0) } }

    /// One attribute, decoded; nil when the item has none of that name.
    public subscript(name: String) -> AttributeValue? {
        packed.withUnsafeBytes { PackedItem.value(named: name, in: $0).map(PackedDecoder.value) }
    }
}
