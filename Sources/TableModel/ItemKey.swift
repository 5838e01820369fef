/// The identity of an item: its primary key in an order-preserving canonical encoding.
///
/// Byte order of `bytes` is DynamoDB's order: by partition, then by sort key (S as UTF-8 bytes, B as unsigned bytes,
/// N by value). Numbers are canonical, so `1E+2` and `100` are one key. The encoding is
/// `escape(partition) 00 01 escape-free(sort)`, where escape writes 00 as `00 FF`; numbers take sign, exponent, digits.
public struct ItemKey: Sendable, Hashable, Comparable {
    package let bytes: [UInt8]

    /// Wraps bytes of the canonical encoding.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Encodes a key from its values. `sort` must be given exactly when the schema has a sort key.
    public init(
        partition: AttributeValue, sort: AttributeValue? = nil, schema: KeySchema
    ) throws(KeyError) { fatalError("contract") }

    /// The encoding's prefix shared by every item of one partition (terminator included), for range scans.
    package static func partitionPrefix(
        _ partition: AttributeValue, schema: KeySchema
    ) throws(KeyError) -> [UInt8] { fatalError("contract") }

    /// The key's attributes by name, numbers in canonical digits (so also for a tombstone).
    public func attributes(schema: KeySchema) throws(KeyError) -> [String: AttributeValue] { fatalError("contract") }

    /// DynamoDB's key order.
    public static func < (left: ItemKey, right: ItemKey) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
