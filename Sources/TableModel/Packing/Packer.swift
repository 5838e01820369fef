import Basics

/// Builds packed bytes: what `JSONReader` and `Item.init` share, so that equal items get equal bytes from either.
struct Packer: ~Copyable {
    var buffer = PackBuffer()
    var pieces = PackPieces()

    /// An open container: where its header is, and which pieces are its own.
    struct Container {
        let header: Int
        let body: Int
        let mark: Int
    }

    mutating func reset() {
        buffer.count = 0
        pieces.pop(to: 0)
    }

    /// Opens an item: one byte is kept for its count.
    @inline(__always)
    mutating func openItem() -> Container {
        let header = buffer.count
        buffer.append(byte: 0)
        return Container(header: header, body: buffer.count, mark: pieces.count)
    }

    /// Opens a map, list or set: the tag, and a byte each for size and count.
    @inline(__always)
    mutating func openContainer(_ tag: UInt8) -> Container {
        buffer.append(byte: tag)
        let header = buffer.count
        buffer.append(byte: 0)
        buffer.append(byte: 0)
        return Container(header: header, body: buffer.count, mark: pieces.count)
    }

    /// Ends what `openContainer` began.
    mutating func close(_ container: Container, count: Int) {
        _ = buffer.close(varint: count, reservedAt: container.header + 1)
        _ = buffer.close(varint: buffer.count - container.header - 1, reservedAt: container.header)
        pieces.pop(to: container.mark)
    }

    /// Sorts the container's pieces; false when two are equal.
    @inline(__always)
    mutating func sort(_ container: Container, by order: PackOrder) -> Bool {
        buffer.sort(pieces.since(container.mark), from: container.body, by: order)
    }

    /// Records a piece that starts at `start` with its sort text at `name`, and ends here.
    @inline(__always)
    mutating func endPiece(start: Int, name: Int, nameCount: Int) {
        let prefix = ByteOrder.prefix(buffer.base + name, nameCount)
        pieces.push(PackPiece(prefix: prefix, start: start, name: name, nameCount: nameCount, end: buffer.count))
    }

    /// Appends a name or string with its header.
    @inline(__always)
    mutating func append(text: UnsafeRawBufferPointer, plain: Bool) {
        buffer.append(varint: text.count &<< 1 | (plain ? 1 : 0))
        buffer.append(text)
    }

    /// Appends raw bytes with their length.
    mutating func append(binary: UnsafeRawBufferPointer) {
        buffer.append(varint: binary.count)
        buffer.append(binary)
    }
}

extension Packer {
    /// Packs whole attributes as an item and returns the bytes.
    static func pack(_ attributes: [AttributeName: AttributeValue]) -> [UInt8] {
        var packer = Packer()
        let item = packer.openItem()
        for (name, value) in attributes { packer.append(name.text, value) }
        _ = packer.sort(item, by: .bytes)
        _ = packer.buffer.close(varint: attributes.count, reservedAt: item.header)
        return [UInt8](packer.buffer.bytes)
    }

    private mutating func append(_ name: String, _ value: AttributeValue) {
        let start = buffer.count
        let count = append(string: name)
        let nameEnd = buffer.count
        append(value)
        endPiece(start: start, name: nameEnd - count, nameCount: count)
    }

    /// Appends a string as text and returns its length in UTF-8.
    @discardableResult
    private mutating func append(string: String) -> Int {
        var string = string
        return string.withUTF8 { bytes in
            append(text: UnsafeRawBufferPointer(bytes), plain: !JSONEscape.isNeeded(UnsafeRawBufferPointer(bytes)))
            return bytes.count
        }
    }

    @discardableResult
    private mutating func append(digits: String) -> Int {
        var digits = digits
        return digits.withUTF8 { bytes in
            let grammar = JSONText.numberGrammar(UnsafeRawBufferPointer(bytes))
            append(text: UnsafeRawBufferPointer(bytes), plain: grammar == .json)
            return bytes.count
        }
    }

    /// Appends one value, tag included.
    mutating func append(_ value: AttributeValue) {
        switch value {
        case .null: buffer.append(byte: PackedTag.null)
        case .bool(let bool): buffer.append(byte: bool ? PackedTag.true : PackedTag.false)
        case .string(let string):
            buffer.append(byte: PackedTag.string)
            append(string: string)
        case .number(let digits):
            buffer.append(byte: PackedTag.number)
            append(digits: digits)
        case .binary(let bytes):
            buffer.append(byte: PackedTag.binary)
            bytes.withUnsafeBytes { append(binary: $0) }
        case .stringSet(let strings):
            appendSet(PackedTag.stringSet, strings, by: .bytes) { packer, string in packer.append(string: string) }
        case .numberSet(let numbers):
            appendSet(PackedTag.numberSet, numbers, by: .numbers) { packer, digits in packer.append(digits: digits) }
        case .binarySet(let binaries):
            appendSet(PackedTag.binarySet, binaries, by: .bytes) { packer, bytes in
                bytes.withUnsafeBytes { packer.append(binary: $0) }
                return bytes.count
            }
        case .list(let values):
            let container = openContainer(PackedTag.list)
            for value in values { append(value) }
            close(container, count: values.count)
        case .map(let attributes):
            let container = openContainer(PackedTag.map)
            for (name, value) in attributes { append(name.text, value) }
            _ = sort(container, by: .bytes)
            close(container, count: attributes.count)
        }
    }

    private mutating func appendSet<Element>(
        _ tag: UInt8,
        _ elements: [Element],
        by order: PackOrder,
        _ appendElement: (inout Packer, Element) -> Int
    ) {
        let container = openContainer(tag)
        for element in elements {
            let start = buffer.count
            let count = appendElement(&self, element)
            endPiece(start: start, name: buffer.count - count, nameCount: count)
        }
        _ = sort(container, by: order)
        close(container, count: elements.count)
    }
}
