/// A pull parser over JSON bytes (RFC 8259): strict, bounded in depth, without Foundation. It builds only the values that are asked for.
///
///     var json = JSONReader(bytes)    // UnsafeRawBufferPointer, must outlive the reader
///     try json.beginObject()
///     while let name = try json.nextMember() {
///         switch name {               // compared in place with the literals
///         case "Count": count = try json.readInteger()
///         case "Items":
///             try json.beginArray()
///             while try json.nextElement() { try json.readItem(into: &batch, schema: schema) }
///         default: try json.skipValue()
///         }
///     }
///     try json.readEnd()
///
/// Each member's and each element's value must be read or skipped before the next one is asked for.
/// Strings must be UTF-8 and pair their surrogate escapes. A member name that occurs twice in an item or in a map is an error.
package struct JSONReader: ~Copyable {
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    var position: UnsafePointer<UInt8>
    private let maximumDepth: Int
    private var depth = 0
    /// Whether a container was just opened: its first value or its end comes next.
    private var isAtFirst = false
    /// The scratch memory of item packing, reused for item after item.
    var packer = Packer()

    /// Reads from `bytes`, which must stay valid while the reader is used. Values nested deeper than `maximumDepth` throw: the
    /// default takes DynamoDB's 32 levels, which are two of JSON each, inside any API response.
    package init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int = 96) {
        // Proven: any non-zero bit pattern makes a pointer; with no bytes it equals the end and is never followed.
        let nowhere = UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
        start = (bytes.baseAddress ?? nowhere).assumingMemoryBound(to: UInt8.self)
        position = start
        end = start + bytes.count
        self.maximumDepth = maximumDepth
    }

    /// The byte offset of what is read next.
    package var offset: Int { position - start }

    /// An error at the current offset.
    @inline(never)
    func failure(_ reason: String) -> JSONError { JSONError(reason, offset: position - start) }

    // MARK: Steps

    @inline(__always)
    mutating func skipSpace() {
        while position < end, position.pointee <= 0x20 {
            let byte = position.pointee
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// Consumes `byte` after white space, or throws that `expected` was expected.
    @inline(__always)
    mutating func consume(_ byte: UInt8, _ expected: StaticString) throws(JSONError) {
        if position < end, position.pointee == byte {
            position += 1
            return
        }
        try consumeAfterSpace(byte, expected)
    }

    @inline(never)
    private mutating func consumeAfterSpace(_ byte: UInt8, _ expected: StaticString) throws(JSONError) {
        skipSpace()
        guard position < end else { throw failure("expected \(expected), found the end") }
        guard position.pointee == byte else { throw failure("expected \(expected)") }
        position += 1
    }

    /// After an element: true when a comma was consumed, false when `close` was.
    @inline(__always)
    mutating func consumeCommaOr(_ close: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard position < end else { throw failure("expected , or \(Character(Unicode.Scalar(close))), found the end") }
        let byte = position.pointee
        guard byte == UInt8(ascii: ",") || byte == close else {
            throw failure("expected , or \(Character(Unicode.Scalar(close)))")
        }
        position += 1
        return byte == UInt8(ascii: ",")
    }

    /// After an opening bracket: whether `close` follows at once; consumes it then.
    @inline(__always)
    mutating func consumeEmpty(_ close: UInt8) -> Bool {
        skipSpace()
        guard position < end, position.pointee == close else { return false }
        position += 1
        return true
    }

    /// Consumes a container's opening bracket and counts a level of nesting, which `consumeNext` ends.
    @inline(__always)
    mutating func open(_ bracket: UInt8, _ expected: StaticString) throws(JSONError) {
        try consume(bracket, expected)
        guard depth < maximumDepth else { throw failure("nested deeper than \(maximumDepth) levels") }
        depth += 1
    }

    /// Moves to the container's next value; false when `close` was consumed. The loops of this module keep `isFirst` in a local
    /// variable, which is faster than the reader's.
    @inline(__always)
    mutating func consumeNext(before close: UInt8, _ isFirst: inout Bool) throws(JSONError) -> Bool {
        let hasNext = isFirst ? !consumeEmpty(close) : try consumeCommaOr(close)
        isFirst = false
        if !hasNext { depth -= 1 }
        return hasNext
    }

    // MARK: Containers

    /// Opens an object. Call `nextMember` until it returns nil.
    package mutating func beginObject() throws(JSONError) {
        try open(UInt8(ascii: "{"), "an object")
        isAtFirst = true
    }

    /// The name of the object's next member, whose value comes next; nil at the object's end, which it consumes.
    package mutating func nextMember() throws(JSONError) -> JSONName? {
        guard try advance(before: UInt8(ascii: "}")) else { return nil }
        let name = try scanString()
        try consume(UInt8(ascii: ":"), ":")
        return JSONName(name)
    }

    /// Opens an array. Call `nextElement` until it returns false.
    package mutating func beginArray() throws(JSONError) {
        try open(UInt8(ascii: "["), "an array")
        isAtFirst = true
    }

    /// Whether the array has another element, which comes next; false at the array's end, which it consumes.
    package mutating func nextElement() throws(JSONError) -> Bool { try advance(before: UInt8(ascii: "]")) }

    private mutating func advance(before close: UInt8) throws(JSONError) -> Bool {
        var isFirst = isAtFirst
        isAtFirst = false
        return try consumeNext(before: close, &isFirst)
    }

    // MARK: Values

    /// The first byte of the next value, white space skipped: `{ [ " - 0…9 t f n`; nil at the end.
    package mutating func peek() throws(JSONError) -> UInt8? {
        skipSpace()
        guard position < end else { return nil }
        switch position.pointee {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "t"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return position.pointee
        default: throw failure("expected a value")
        }
    }

    /// `true` or `false`.
    package mutating func readBool() throws(JSONError) -> Bool {
        skipSpace()
        if consumeWord("true") { return true }
        if consumeWord("false") { return false }
        throw failure("expected true or false")
    }

    /// Consumes `null` when it is next, and says whether it was.
    package mutating func readNull() throws(JSONError) -> Bool {
        skipSpace()
        return consumeWord("null")
    }

    private mutating func consumeWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end - position >= count, ByteOrder.compare(position, count, word.utf8Start, count) == 0 else {
            return false
        }
        position += count
        return true
    }

    /// Reads past the next value, checking it.
    package mutating func skipValue() throws(JSONError) {
        var isFirst = true
        switch try peek() {
        case UInt8(ascii: "{"):
            try open(UInt8(ascii: "{"), "an object")
            while try consumeNext(before: UInt8(ascii: "}"), &isFirst) {
                _ = try scanString()
                try consume(UInt8(ascii: ":"), ":")
                try skipValue()
            }
        case UInt8(ascii: "["):
            try open(UInt8(ascii: "["), "an array")
            while try consumeNext(before: UInt8(ascii: "]"), &isFirst) { try skipValue() }
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try readBool()
        case UInt8(ascii: "n"): guard try readNull() else { throw failure("expected null") }
        case nil: throw failure("expected a value, found the end")
        default: _ = try scanNumber()
        }
    }

    /// Reads past the next value, checking it, and returns a copy of its bytes.
    package mutating func readRaw() throws(JSONError) -> [UInt8] {
        skipSpace()
        let first = position
        try skipValue()
        return [UInt8](UnsafeRawBufferPointer(start: first, count: position - first))
    }

    /// Nothing but white space may follow.
    package mutating func readEnd() throws(JSONError) {
        skipSpace()
        guard position == end else { throw failure("expected the end") }
    }
}
