/// The bytes of `ItemKey`: how values become them and come back.
enum KeyEncoding {
    /// Ends the partition value; an escaped 00 is followed by FF, so this sorts first and occurs nowhere else.
    static let terminator: (UInt8, UInt8) = (0x00, 0x01)

    /// Appends the partition value, escaped and terminated.
    static func appendPartition(
        _ value: PackedValue,
        _ attribute: KeyAttribute,
        to output: inout PackBuffer
    ) throws(KeyError) {
        try check(value, attribute)
        if attribute.type == .number {
            try appendNumber(value.bytes, attribute, to: &output)
        } else {
            output.reserve(value.bytes.count * 2)
            for byte in value.bytes {
                output.append(byte: byte)
                if byte == 0 { output.append(byte: 0xFF) }
            }
        }
        output.append(byte: terminator.0)
        output.append(byte: terminator.1)
    }

    /// Appends the sort value, which ends the key and so needs no escape.
    static func appendSort(
        _ value: PackedValue,
        _ attribute: KeyAttribute,
        to output: inout PackBuffer
    ) throws(KeyError) {
        try check(value, attribute)
        if attribute.type == .number {
            try appendNumber(value.bytes, attribute, to: &output)
        } else {
            output.append(value.bytes)
        }
    }

    @inline(__always)
    private static func check(_ value: PackedValue, _ attribute: KeyAttribute) throws(KeyError) {
        let expected =
            switch attribute.type {
            case .string: PackedTag.string
            case .number: PackedTag.number
            case .binary: PackedTag.binary
            }
        if value.tag != expected { throw .wrongType(attribute: attribute.name, expected: attribute.type) }
    }

    private static func appendNumber(
        _ digits: UnsafeRawBufferPointer,
        _ attribute: KeyAttribute,
        to output: inout PackBuffer
    ) throws(KeyError) {
        guard let number = DecimalNumber(digits: digits) else {
            throw .invalidNumber(attribute: attribute.name, text: String(decoding: digits, as: UTF8.self))
        }
        output.reserve(DecimalNumber.maximumOrderedCount)
        let room = UnsafeMutableRawBufferPointer(
            start: output.base + output.count,
            count: DecimalNumber.maximumOrderedCount
        )
        output.count += number.writeOrderedBytes(to: room)
    }

    /// Splits a key into the partition value's bytes, unescaped, and where the sort value starts.
    static func splitPartition(_ key: [UInt8]) throws(KeyError) -> (partition: [UInt8], sort: Int) {
        var partition: [UInt8] = []
        partition.reserveCapacity(key.count)
        var index = 0
        while index + 1 < key.count {
            if key[index] != 0 {
                partition.append(key[index])
                index += 1
            } else if key[index + 1] == 0xFF {
                partition.append(0)
                index += 2
            } else if key[index + 1] == terminator.1 {
                return (partition, index + 2)
            } else {
                throw .malformed
            }
        }
        throw .malformed
    }

    /// Decodes one key value's unescaped bytes.
    static func decode(_ bytes: [UInt8], _ type: KeyType) throws(KeyError) -> AttributeValue {
        switch type {
        case .string:
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
            return .string(text)
        case .number:
            guard let number = bytes.withUnsafeBytes({ DecimalNumber(ordered: $0) }) else { throw .malformed }
            return .number(number.text)
        case .binary:
            return .binary(bytes)
        }
    }
}
