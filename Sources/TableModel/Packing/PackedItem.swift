/// How numbers appear in plain JSON.
package enum NumberStyle: String, Sendable, Hashable, CaseIterable {
    /// As JSON numbers, with the digits as stored.
    case number
    /// As JSON strings, for clients whose numbers would round.
    case string
}

/// Reads the packed form of an item in place, without building values. Hot path: no allocation but the growth of `output`.
///
/// The packed form, with `varint` = LEB128 and every order by unsigned bytes:
///
///     item   = count:varint attribute*              attributes sorted by name
///     attribute = text value                        the name, then the value
///     text   = (length << 1 | plain):varint UTF-8   plain: nothing in it needs an escape in JSON
///     value  = tag:byte payload
///
///     tag 0 NULL, 1 false, 2 true                   no payload
///         3 S                                       text
///         4 N                                       (length << 1 | json):varint digits   json: they are a JSON number
///         5 B                                       length:varint bytes
///         6 SS, 7 NS, 8 BS                          size:varint count:varint element*    elements as S, N, B without a tag,
///                                                   sorted: SS and BS by bytes, NS by value
///         9 L                                       size:varint count:varint value*
///        10 M                                       size:varint count:varint attribute*  sorted by name
///
/// `size` counts the bytes after itself, so that a value is skipped without being read. Numbers keep their digits as sent.
package enum PackedItem {
    /// Appends the item as plain JSON (the HTTP contract's default form).
    package static func appendPlainJSON(
        _ packed: UnsafeRawBufferPointer,
        numbers: NumberStyle = .number,
        to output: inout [UInt8]
    ) {
        PackedEncoder.append(packed, isItem: true, numbers == .number ? .plain : .plainStringNumbers, to: &output)
    }

    /// Appends the item as DynamoDB's typed JSON, lossless.
    package static func appendDynamoDBJSON(_ packed: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        PackedEncoder.append(packed, isItem: true, .typed, to: &output)
    }

    /// The key of a packed item under `schema`; throws when a key attribute is missing or has another type.
    package static func key(
        of packed: UnsafeRawBufferPointer,
        schema: KeySchema
    ) throws(KeyError) -> ItemKey {
        var output = PackBuffer(capacity: 256)
        guard let partition = value(named: schema.partition.name, in: packed) else {
            throw .missing(attribute: schema.partition.name)
        }
        try KeyEncoding.appendPartition(partition, schema.partition, to: &output)
        if let sort = schema.sort {
            guard let value = value(named: sort.name, in: packed) else { throw .missing(attribute: sort.name) }
            try KeyEncoding.appendSort(value, sort, to: &output)
        }
        return ItemKey(bytes: [UInt8](output.bytes))
    }

    /// One value packed, tag included: what `PackedCursor.readValue` reads.
    package static func pack(_ value: AttributeValue) -> [UInt8] {
        var packer = Packer()
        packer.append(value)
        return [UInt8](packer.buffer.bytes)
    }

    /// The place of the attribute `name`'s value in `packed`; nil when the item has none of that name.
    static func value(named name: String, in packed: UnsafeRawBufferPointer) -> PackedValue? {
        var name = name
        return name.withUTF8 { wanted in
            var cursor = PackedCursor(packed)
            for _ in 0..<cursor.readVarint() {
                let attribute = cursor.readText()
                let value = cursor.readValue()
                let comparison = ByteOrder.compare(attribute.bytes, UnsafeRawBufferPointer(wanted))
                if comparison == 0 { return value }
                if comparison > 0 { return nil }
            }
            return nil
        }
    }
}
