/// Packed bytes to values.
enum PackedDecoder {
    /// Decodes the attributes of an item or of a map's body.
    static func attributes(_ body: UnsafeRawBufferPointer) -> [AttributeName: AttributeValue] {
        var cursor = PackedCursor(body)
        let count = cursor.readVarint()
        var result = [AttributeName: AttributeValue](minimumCapacity: count)
        for _ in 0..<count {
            let name = AttributeName(String(decoding: cursor.readText().bytes, as: UTF8.self))
            result[name] = value(cursor.readValue())
        }
        return result
    }

    /// Decodes one value.
    static func value(_ packed: PackedValue) -> AttributeValue {
        switch packed.tag {
        case PackedTag.null: .null
        case PackedTag.false: .bool(false)
        case PackedTag.true: .bool(true)
        case PackedTag.string: .string(String(decoding: packed.bytes, as: UTF8.self))
        case PackedTag.number: .number(String(decoding: packed.bytes, as: UTF8.self))
        case PackedTag.binary: .binary([UInt8](packed.bytes))
        case PackedTag.stringSet: .stringSet(elements(packed) { String(decoding: $0.bytes, as: UTF8.self) })
        case PackedTag.numberSet: .numberSet(elements(packed) { String(decoding: $0.bytes, as: UTF8.self) })
        case PackedTag.binarySet: .binarySet(elements(packed) { [UInt8]($0.bytes) })
        case PackedTag.list: .list(list(packed.bytes))
        case PackedTag.map: .map(attributes(packed.bytes))
        default: preconditionFailure("a packed value has tag \(packed.tag)")
        }
    }

    private static func elements<T>(_ set: PackedValue, _ decode: (PackedValue) -> T) -> [T] {
        var cursor = PackedCursor(set.bytes)
        return (0..<cursor.readVarint()).map { _ in decode(cursor.readElement(ofSet: set.tag)) }
    }

    private static func list(_ body: UnsafeRawBufferPointer) -> [AttributeValue] {
        var cursor = PackedCursor(body)
        return (0..<cursor.readVarint()).map { _ in value(cursor.readValue()) }
    }
}
