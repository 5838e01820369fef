/// The tags of the packed form; `PackedItem` documents the layout.
enum PackedTag {
    static let null: UInt8 = 0
    static let `false`: UInt8 = 1
    static let `true`: UInt8 = 2
    static let string: UInt8 = 3
    static let number: UInt8 = 4
    static let binary: UInt8 = 5
    static let stringSet: UInt8 = 6
    static let numberSet: UInt8 = 7
    static let binarySet: UInt8 = 8
    static let list: UInt8 = 9
    static let map: UInt8 = 10
}

/// A value in place: its tag and its payload. For S, N and B the bytes themselves, for containers what follows `size`.
struct PackedValue {
    var tag: UInt8
    /// The plain or json flag of S and N.
    var flag: Bool
    var bytes: UnsafeRawBufferPointer
}

/// Walks packed bytes. It trusts them: only `PackBuffer` writes them, and they never come from outside the process.
struct PackedCursor {
    private(set) var position: UnsafeRawPointer
    let end: UnsafeRawPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        // No packed item or container body is empty: each begins with its count.
        precondition(bytes.count > 0, "packed bytes begin with a count")
        // Proven: a buffer with a count above 0 has an address.
        position = bytes.baseAddress.unsafelyUnwrapped
        end = position + bytes.count
    }

    @inline(__always)
    mutating func readByte() -> UInt8 {
        let byte = position.load(as: UInt8.self)
        position += 1
        return byte
    }

    @inline(__always)
    mutating func readVarint() -> Int {
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

    @inline(__always)
    mutating func readBytes(_ count: Int) -> UnsafeRawBufferPointer {
        let bytes = UnsafeRawBufferPointer(start: position, count: count)
        position += count
        return bytes
    }

    /// A name, or an S or N payload: bytes and their flag.
    @inline(__always)
    mutating func readText() -> (bytes: UnsafeRawBufferPointer, flag: Bool) {
        let header = readVarint()
        return (readBytes(header &>> 1), header & 1 != 0)
    }

    @inline(__always)
    mutating func readValue() -> PackedValue {
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
    @inline(__always)
    mutating func readElement(ofSet setTag: UInt8) -> PackedValue {
        if setTag == PackedTag.binarySet {
            return PackedValue(tag: PackedTag.binary, flag: false, bytes: readBytes(readVarint()))
        }
        let text = readText()
        let tag = setTag == PackedTag.stringSet ? PackedTag.string : PackedTag.number
        return PackedValue(tag: tag, flag: text.flag, bytes: text.bytes)
    }
}
