/// The tags of the packed form; `PackedItem` documents the layout.
package enum PackedTag {
    @inlinable package static var null: UInt8 { 0 }
    @inlinable package static var `false`: UInt8 { 1 }
    @inlinable package static var `true`: UInt8 { 2 }
    @inlinable package static var string: UInt8 { 3 }
    @inlinable package static var number: UInt8 { 4 }
    @inlinable package static var binary: UInt8 { 5 }
    @inlinable package static var stringSet: UInt8 { 6 }
    @inlinable package static var numberSet: UInt8 { 7 }
    @inlinable package static var binarySet: UInt8 { 8 }
    @inlinable package static var list: UInt8 { 9 }
    @inlinable package static var map: UInt8 { 10 }
}

/// A value in place: its tag and its payload. For S, N and B the bytes themselves, for containers what follows `size`.
package struct PackedValue {
    package var tag: UInt8
    /// The plain or json flag of S and N.
    package var flag: Bool
    package var bytes: UnsafeRawBufferPointer

    @inlinable
    package init(tag: UInt8, flag: Bool, bytes: UnsafeRawBufferPointer) {
        self.tag = tag
        self.flag = flag
        self.bytes = bytes
    }
}

/// Walks packed bytes. It trusts them: only `PackBuffer` writes them, and they never come from outside the process.
package struct PackedCursor {
    /// The address of the next byte to read.
    package var position: UnsafeRawPointer
    package let end: UnsafeRawPointer

    /// Reads an item, or the body of a map, list or set.
    @inlinable
    package init(_ bytes: UnsafeRawBufferPointer) {
        // No packed item or container body is empty: each begins with its count.
        precondition(bytes.count > 0, "packed bytes begin with a count")
        // Proven: a buffer with a count above 0 has an address.
        position = bytes.baseAddress.unsafelyUnwrapped
        end = position + bytes.count
    }

    /// A tag.
    @inlinable
    @inline(__always)
    package mutating func readByte() -> UInt8 {
        let byte = position.load(as: UInt8.self)
        position += 1
        return byte
    }

    /// A count, length or header.
    @inlinable
    @inline(__always)
    package mutating func readVarint() -> Int {
        let first = readByte()
        if first < 0x80 { return Int(first) }
        var value = UInt(first & 0x7F)
        var shift: UInt = 7
        while true {
            let byte = readByte()
            value |= UInt(byte & 0x7F) &<< shift
            if byte < 0x80 { return Int(bitPattern: value) }
            shift &+= 7
        }
    }

    /// The next `count` bytes, in place.
    @inlinable
    @inline(__always)
    package mutating func readBytes(_ count: Int) -> UnsafeRawBufferPointer {
        let bytes = UnsafeRawBufferPointer(start: position, count: count)
        position += count
        return bytes
    }

    /// A name, or an S or N payload: bytes and their flag.
    @inlinable
    @inline(__always)
    package mutating func readText() -> (bytes: UnsafeRawBufferPointer, flag: Bool) {
        let header = readVarint()
        return (readBytes(header &>> 1), header & 1 != 0)
    }

    /// A value, tag included.
    @inlinable
    @inline(__always)
    package mutating func readValue() -> PackedValue {
        let tag = readByte()
        if tag <= PackedTag.true {
            return PackedValue(tag: tag, flag: true, bytes: UnsafeRawBufferPointer(start: position, count: 0))
        }
        if tag <= PackedTag.number {
            let text = readText()
            return PackedValue(tag: tag, flag: text.flag, bytes: text.bytes)
        }
        return PackedValue(tag: tag, flag: false, bytes: readBytes(readVarint()))
    }

    /// An element of a set whose tag is `setTag`.
    @inlinable
    @inline(__always)
    package mutating func readElement(ofSet setTag: UInt8) -> PackedValue {
        if setTag == PackedTag.binarySet {
            return PackedValue(tag: PackedTag.binary, flag: false, bytes: readBytes(readVarint()))
        }
        let text = readText()
        let tag = setTag == PackedTag.stringSet ? PackedTag.string : PackedTag.number
        return PackedValue(tag: tag, flag: text.flag, bytes: text.bytes)
    }
}
