import Basics

/// Packed bytes to JSON: measures an upper bound first, then writes through a bare pointer.
struct PackedEncoder {
    /// The form of the JSON.
    enum Style {
        case plain, plainStringNumbers, typed
    }

    private var position: UnsafeMutableRawPointer
    private let style: Style

    /// Appends an item, or a single value with its tag.
    static func append(
        _ packed: UnsafeRawBufferPointer,
        isItem: Bool,
        _ style: Style,
        to output: inout [UInt8]
    ) {
        var measure = PackedCursor(packed)
        let bound = isItem ? attributesBound(&measure) : valueBound(measure.readValue())
        withUnsafeTemporaryAllocation(byteCount: bound, alignment: 8) { room in
            // Proven: the bound of any value is above 0, so the room has an address.
            let start = room.baseAddress.unsafelyUnwrapped
            var encoder = PackedEncoder(position: start, style: style)
            var cursor = PackedCursor(packed)
            if isItem { encoder.writeAttributes(&cursor) } else { encoder.write(cursor.readValue()) }
            let count = encoder.position - start
            precondition(count <= bound, "the measured bound holds")
            output.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    // MARK: The bound

    private static func attributesBound(_ cursor: inout PackedCursor) -> Int {
        var bound = 2
        for _ in 0..<cursor.readVarint() {
            let name = cursor.readText()
            bound &+= textBound(name.bytes.count, name.flag) &+ 2 &+ valueBound(cursor.readValue())
        }
        return bound
    }

    @inline(__always)
    private static func textBound(_ count: Int, _ plain: Bool) -> Int { plain ? count &+ 2 : count &* 6 &+ 2 }

    private static func valueBound(_ value: PackedValue) -> Int {
        // The type wrapper of the typed form is at most {"NULL":…}, 9 bytes.
        let wrapper = 9
        switch value.tag {
        case PackedTag.null, PackedTag.false, PackedTag.true: return wrapper &+ 5
        case PackedTag.string: return wrapper &+ textBound(value.bytes.count, value.flag)
        case PackedTag.number: return wrapper &+ numberBound(value)
        case PackedTag.binary: return wrapper &+ Base64.encodedCount(value.bytes.count) &+ 2
        case PackedTag.map:
            var cursor = PackedCursor(value.bytes)
            return wrapper &+ attributesBound(&cursor)
        default:
            var cursor = PackedCursor(value.bytes)
            var bound = wrapper &+ 2
            for _ in 0..<cursor.readVarint() {
                let element = value.tag == PackedTag.list ? cursor.readValue() : cursor.readElement(ofSet: value.tag)
                bound &+= valueBound(element) &+ 1
            }
            return bound
        }
    }

    /// Digits that are no JSON number are written canonically (at most 132 bytes), or as a string when they are no number.
    private static func numberBound(_ value: PackedValue) -> Int {
        value.flag ? value.bytes.count &+ 2 : max(140, textBound(value.bytes.count, false))
    }

    // MARK: Writing

    private mutating func writeAttributes(_ cursor: inout PackedCursor) {
        put(UInt8(ascii: "{"))
        for index in 0..<cursor.readVarint() {
            if index > 0 { put(UInt8(ascii: ",")) }
            let name = cursor.readText()
            writeText(name.bytes, name.flag)
            put(UInt8(ascii: ":"))
            write(cursor.readValue())
        }
        put(UInt8(ascii: "}"))
    }

    private mutating func write(_ value: PackedValue) {
        if style == .typed {
            put(PackedEncoder.wrapper(of: value.tag))
            writeContent(value)
            put(UInt8(ascii: "}"))
        } else {
            writeContent(value)
        }
    }

    private mutating func writeContent(_ value: PackedValue) {
        switch value.tag {
        case PackedTag.null: style == .typed ? put("true") : put("null")
        case PackedTag.false: put("false")
        case PackedTag.true: put("true")
        case PackedTag.string: writeText(value.bytes, value.flag)
        case PackedTag.number: writeNumber(value)
        case PackedTag.binary: writeBinary(value.bytes)
        case PackedTag.map:
            var cursor = PackedCursor(value.bytes)
            writeAttributes(&cursor)
        default: writeElements(value)
        }
    }

    private mutating func writeElements(_ container: PackedValue) {
        var cursor = PackedCursor(container.bytes)
        put(UInt8(ascii: "["))
        for index in 0..<cursor.readVarint() {
            if index > 0 { put(UInt8(ascii: ",")) }
            if container.tag == PackedTag.list {
                write(cursor.readValue())
            } else {
                writeContent(cursor.readElement(ofSet: container.tag))
            }
        }
        put(UInt8(ascii: "]"))
    }

    private mutating func writeNumber(_ value: PackedValue) {
        switch style {
        case .typed, .plainStringNumbers:
            writeText(value.bytes, value.flag)
        case .plain where value.flag:
            put(value.bytes)
        case .plain:
            guard let number = DecimalNumber(digits: value.bytes) else { return writeText(value.bytes, false) }
            var text = number.text
            text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
        }
    }

    private mutating func writeBinary(_ bytes: UnsafeRawBufferPointer) {
        put(UInt8(ascii: "\""))
        position += Base64.encode(bytes, to: position)
        put(UInt8(ascii: "\""))
    }

    @inline(__always)
    private mutating func writeText(_ bytes: UnsafeRawBufferPointer, _ plain: Bool) {
        put(UInt8(ascii: "\""))
        if plain { put(bytes) } else { position += JSONEscape.write(bytes, to: position) }
        put(UInt8(ascii: "\""))
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        position.storeBytes(of: byte, as: UInt8.self)
        position += 1
    }

    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        position.copyMemory(from: source, byteCount: bytes.count)
        position += bytes.count
    }

    @inline(__always)
    private mutating func put(_ text: StaticString) {
        position.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        position += text.utf8CodeUnitCount
    }

    /// How the typed form opens a value.
    @inline(__always)
    private static func wrapper(of tag: UInt8) -> StaticString {
        switch tag {
        case PackedTag.null: #"{"NULL":"#
        case PackedTag.false, PackedTag.true: #"{"BOOL":"#
        case PackedTag.string: #"{"S":"#
        case PackedTag.number: #"{"N":"#
        case PackedTag.binary: #"{"B":"#
        case PackedTag.stringSet: #"{"SS":"#
        case PackedTag.numberSet: #"{"NS":"#
        case PackedTag.binarySet: #"{"BS":"#
        case PackedTag.list: #"{"L":"#
        default: #"{"M":"#
        }
    }
}
