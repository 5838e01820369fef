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
        partition: AttributeValue,
        sort: AttributeValue? = nil,
        schema: KeySchema
    ) throws(KeyError) {
        switch (schema.sort, sort) {
        case (let attribute?, nil): throw .missing(attribute: attribute.name)
        case (nil, .some): throw .unexpected(attribute: "sort")
        case (let attribute?, let sort?):
            bytes = try ItemKey.encode(partition, schema.partition, sort, attribute)
        case (nil, nil):
            bytes = try ItemKey.encode(partition, schema.partition)
        }
    }

    /// The encoding's prefix shared by every item of one partition (terminator included), for range scans.
    package static func partitionPrefix(
        _ partition: AttributeValue,
        schema: KeySchema
    ) throws(KeyError) -> [UInt8] {
        try encode(partition, schema.partition)
    }

    private static func encode(
        _ partition: AttributeValue,
        _ attribute: KeyAttribute,
        _ sort: AttributeValue? = nil,
        _ sortAttribute: KeyAttribute? = nil
    ) throws(KeyError) -> [UInt8] {
        var packer = Packer()
        packer.append(partition)
        let sortStart = packer.buffer.count
        if let sort { packer.append(sort) }
        var output = PackBuffer(capacity: 64)
        var cursor = PackedCursor(packer.buffer.bytes)
        try KeyEncoding.appendPartition(cursor.readValue(), attribute, to: &output)
        if let sortAttribute, packer.buffer.count > sortStart {
            try KeyEncoding.appendSort(cursor.readValue(), sortAttribute, to: &output)
        }
        return [UInt8](output.bytes)
    }

    /// The key's attributes by name, numbers in canonical digits (so also for a tombstone).
    public func attributes(schema: KeySchema) throws(KeyError) -> [AttributeName: AttributeValue] {
        let (partition, sortStart) = try KeyEncoding.splitPartition(bytes)
        var result = [AttributeName(schema.partition.name): try KeyEncoding.decode(partition, schema.partition.type)]
        if let sort = schema.sort {
            result[AttributeName(sort.name)] = try KeyEncoding.decode([UInt8](bytes[sortStart...]), sort.type)
        } else if sortStart != bytes.count {
            throw .malformed
        }
        return result
    }

    /// DynamoDB's key order.
    public static func < (left: ItemKey, right: ItemKey) -> Bool {
        left.bytes.withUnsafeBytes { a in right.bytes.withUnsafeBytes { b in ByteOrder.compare(a, b) < 0 } }
    }
}
