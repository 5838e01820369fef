import Basics

/// DynamoDB's typed JSON, packed as it is read.
extension JSONReader {
    /// One typed value: `{"S":"…"}`.
    package mutating func readAttributeValue() throws(JSONError) -> AttributeValue {
        packer.reset()
        try packValue()
        var cursor = PackedCursor(packer.buffer.bytes)
        return PackedDecoder.value(cursor.readValue())
    }

    /// A whole item in DynamoDB's typed JSON, packed without building values.
    package mutating func readItem() throws(JSONError) -> Item {
        packer.reset()
        let item = packer.openItem()
        let count = try packAttributes(item)
        _ = packer.buffer.close(varint: count, reservedAt: item.header)
        return Item(packed: [UInt8](packer.buffer.bytes))
    }

    /// The same, into a batch's arena, with its key. The bulk path of a bootstrap.
    package mutating func readItem(into batch: inout ItemBatch, schema: KeySchema) throws(JSONError) {
        skipSpace()
        let first = position
        packer.reset()
        let item = packer.openItem()
        let count = try packAttributes(item)
        _ = packer.buffer.close(varint: count, reservedAt: item.header)
        let itemCount = packer.buffer.count
        do throws(KeyError) {
            try packer.appendKey(schema)
        } catch {
            throw JSONError("an item has no valid key: \(error)", offset: first - start)
        }
        let base = batch.arena.count
        batch.arena.append(contentsOf: packer.buffer.bytes)
        batch.entries.append(
            ItemBatch.Entry(key: (base + itemCount)..<batch.arena.count, item: base..<(base + itemCount))
        )
    }

    /// Packs an object of typed values, sorted, into an open container, and returns how many there were.
    private mutating func packAttributes(_ container: Packer.Container) throws(JSONError) -> Int {
        try open(UInt8(ascii: "{"), "an object of typed values")
        var isFirst = true
        var count = 0
        while try consumeNext(before: UInt8(ascii: "}"), &isFirst) {
            let start = packer.buffer.count
            let nameCount = try packText()
            let name = packer.buffer.count - nameCount
            try consume(UInt8(ascii: ":"), ":")
            try packValue()
            packer.endPiece(start: start, name: name, nameCount: nameCount)
            count &+= 1
        }
        guard packer.sort(container, by: .bytes) else { throw failure("an attribute name occurs twice") }
        return count
    }

    /// Packs a string as text and returns its length in UTF-8.
    @inline(__always)
    private mutating func packText() throws(JSONError) -> Int {
        let string = try scanString()
        if string.hasEscapes { return packEscaped(string) }
        packer.append(text: string.bytes, plain: true)
        return string.bytes.count
    }

    @inline(never)
    private mutating func packEscaped(_ string: ScannedString) -> Int {
        let header = packer.buffer.count
        packer.buffer.append(byte: 0)
        packer.buffer.reserve(string.bytes.count)
        let target = packer.buffer.base + packer.buffer.count
        let count = JSONReader.decode(string.bytes, to: target)
        let isPlain = !JSONEscape.isNeeded(UnsafeRawBufferPointer(start: target, count: count))
        packer.buffer.count += count
        _ = packer.buffer.close(varint: count << 1 | (isPlain ? 1 : 0), reservedAt: header)
        return count
    }

    /// Packs one typed value, tag included.
    private mutating func packValue() throws(JSONError) {
        try consume(UInt8(ascii: "{"), "a typed value such as {\"S\":\"…\"}")
        skipSpace()
        let tag = try readTag()
        try consume(UInt8(ascii: ":"), ":")
        switch tag {
        case PackedTag.string:
            packer.buffer.append(byte: tag)
            _ = try packText()
        case PackedTag.number:
            packer.buffer.append(byte: tag)
            _ = try packDigits()
        case PackedTag.binary:
            packer.buffer.append(byte: tag)
            _ = try packBinary()
        case PackedTag.false:
            packer.buffer.append(byte: try readBool() ? PackedTag.true : PackedTag.false)
        case PackedTag.null:
            guard try readBool() else { throw failure("NULL is always true") }
            packer.buffer.append(byte: tag)
        case PackedTag.map:
            let container = packer.openContainer(tag)
            packer.close(container, count: try packAttributes(container))
        case PackedTag.list:
            try packList()
        default:
            try packSet(tag)
        }
        try consume(UInt8(ascii: "}"), "} after a typed value")
    }

    /// Consumes a type's name and its quotes. BOOL is returned as `false`.
    @inline(__always)
    private mutating func readTag() throws(JSONError) -> UInt8 {
        // The shortest rest of a typed value is S":""}.
        guard end - position >= 7, position[0] == UInt8(ascii: "\"") else { throw failure("expected a type") }
        if position[2] == UInt8(ascii: "\"") {
            let tag: UInt8
            switch position[1] {
            case UInt8(ascii: "S"): tag = PackedTag.string
            case UInt8(ascii: "N"): tag = PackedTag.number
            case UInt8(ascii: "B"): tag = PackedTag.binary
            case UInt8(ascii: "M"): tag = PackedTag.map
            case UInt8(ascii: "L"): tag = PackedTag.list
            default: throw failure("unknown type")
            }
            position += 3
            return tag
        }
        return try readLongTag()
    }

    private mutating func readLongTag() throws(JSONError) -> UInt8 {
        let first = position
        let name = try scanString().bytes
        for (known, tag) in JSONReader.longTags
        where name.count == known.utf8CodeUnitCount
            && ByteOrder.compare(name, UnsafeRawBufferPointer(start: known.utf8Start, count: name.count)) == 0
        {
            return tag
        }
        position = first
        throw failure("unknown type")
    }

    private static let longTags: [(StaticString, UInt8)] = [
        ("BOOL", PackedTag.false), ("NULL", PackedTag.null), ("SS", PackedTag.stringSet),
        ("NS", PackedTag.numberSet), ("BS", PackedTag.binarySet), ("S", PackedTag.string),
    ]

    private mutating func packDigits() throws(JSONError) -> Int {
        let string = try scanString()
        let grammar = JSONText.numberGrammar(string.bytes)
        guard grammar != .none else { throw failure("N is not a number") }
        packer.append(text: string.bytes, plain: grammar == .json)
        return string.bytes.count
    }

    private mutating func packBinary() throws(JSONError) -> Int {
        let string = try scanString()
        let header = packer.buffer.count
        packer.buffer.append(byte: 0)
        // Room for the decoded bytes, and behind them for the text of a string that writes / as \/.
        packer.buffer.reserve(string.bytes.count * 2 + 3)
        let target = packer.buffer.base + packer.buffer.count
        var characters = string.bytes
        if string.hasEscapes {
            let text = target + string.bytes.count + 3
            characters = UnsafeRawBufferPointer(start: text, count: JSONReader.decode(string.bytes, to: text))
        }
        guard let count = Base64.decode(characters, to: target) else { throw failure("B is not base64") }
        packer.buffer.count += count
        _ = packer.buffer.close(varint: count, reservedAt: header)
        return count
    }

    private mutating func packList() throws(JSONError) {
        let container = packer.openContainer(PackedTag.list)
        var count = 0
        try open(UInt8(ascii: "["), "an array")
        var isFirst = true
        while try consumeNext(before: UInt8(ascii: "]"), &isFirst) {
            try packValue()
            count += 1
        }
        packer.close(container, count: count)
    }

    private mutating func packSet(_ tag: UInt8) throws(JSONError) {
        let container = packer.openContainer(tag)
        var count = 0
        try open(UInt8(ascii: "["), "an array")
        var isFirst = true
        while try consumeNext(before: UInt8(ascii: "]"), &isFirst) {
            let start = packer.buffer.count
            let length: Int
            switch tag {
            case PackedTag.stringSet: length = try packText()
            case PackedTag.numberSet: length = try packDigits()
            default: length = try packBinary()
            }
            packer.endPiece(start: start, name: packer.buffer.count - length, nameCount: length)
            count += 1
        }
        _ = packer.sort(container, by: tag == PackedTag.numberSet ? .numbers : .bytes)
        packer.close(container, count: count)
    }
}

extension Packer {
    /// Appends the key of the item that the buffer holds.
    fileprivate mutating func appendKey(_ schema: KeySchema) throws(KeyError) {
        guard let partition = PackedItem.value(named: schema.partition.name, in: buffer.bytes) else {
            throw .missing(attribute: schema.partition.name)
        }
        let sort = schema.sort
        var sortValue: PackedValue?
        if let sort {
            sortValue = PackedItem.value(named: sort.name, in: buffer.bytes)
            if sortValue == nil { throw .missing(attribute: sort.name) }
        }
        // The values lie in the buffer, which must not move while they are read: make the room first.
        let before = buffer.base
        let partitionStart = UnsafeRawPointer(before)
        buffer.reserve(
            partition.bytes.count * 2 + (sortValue?.bytes.count ?? 0) + 2 * DecimalNumber.maximumOrderedCount + 8
        )
        let partitionNow = partition.moved(from: partitionStart, to: UnsafeRawPointer(buffer.base))
        try KeyEncoding.appendPartition(partitionNow, schema.partition, to: &buffer)
        if let sort, let sortValue {
            let sortNow = sortValue.moved(from: partitionStart, to: UnsafeRawPointer(buffer.base))
            try KeyEncoding.appendSort(sortNow, sort, to: &buffer)
        }
    }
}

extension PackedValue {
    /// The same value after its buffer moved.
    fileprivate func moved(from old: UnsafeRawPointer, to new: UnsafeRawPointer) -> PackedValue {
        guard old != new, let address = bytes.baseAddress else { return self }
        let start = new + (address - old)
        return PackedValue(tag: tag, flag: flag, bytes: UnsafeRawBufferPointer(start: start, count: bytes.count))
    }
}
