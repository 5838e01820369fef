/// A response's fields as the bytes that go on the wire. Values with CR, LF or NUL trap: nothing from a request may be
/// copied here unchecked (RFC 9112 section 11.1).
///
/// Date, Content-Length, Transfer-Encoding and Connection are the server's: adding them has no effect.
package struct HTTPFields: Sendable {
    private(set) var bytes: [UInt8] = []

    package init() {}

    /// Appends a field. Fields of one name may repeat only where HTTP lets them (Set-Cookie, Vary, Link …).
    package mutating func add(_ name: StaticString, _ value: String) {
        let nameBytes = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        guard !Self.isServers(nameBytes) else { return }
        if bytes.capacity == 0 { bytes.reserveCapacity(320) }
        bytes.append(contentsOf: nameBytes)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(ByteClass.space)
        var value = value
        value.withUTF8 { valueBytes in
            for byte in valueBytes {
                precondition(byte != 13 && byte != 10 && byte != 0, "a response field's value must be one line")
            }
            bytes.append(contentsOf: valueBytes)
        }
        bytes.append(ByteClass.carriageReturn)
        bytes.append(ByteClass.lineFeed)
    }

    /// Makes room for so many bytes of fields. A copy has the same room, so that what is added to it costs no further allocation.
    package mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Appends all fields of `other`, in order.
    package mutating func append(_ other: HTTPFields) { bytes += other.bytes }

    /// Makes a strong `ETag` weak (RFC 9110 section 8.8.1): what a coding was applied to is equal in meaning, not in bytes.
    package mutating func weakenEntityTag() {
        let name = Array("ETag: ".utf8)
        var start = bytes.startIndex
        while start < bytes.endIndex {
            if bytes[start...].starts(with: name + [UInt8(ascii: "\"")]) {
                bytes.insert(contentsOf: "W/".utf8, at: start + name.count)
                return
            }
            guard let end = bytes[start...].firstIndex(of: ByteClass.lineFeed) else { return }
            start = end + 1
        }
    }

    /// Adds a name to `Vary`. Where it is there already a second field has all names: of several, nginx before 1.23 heeds the last one alone, and
    /// other programs the first.
    package mutating func vary(on name: StaticString) {
        // Byte by byte: every response passes here, and nothing may be allocated for it but the room of its fields.
        let field: StaticString = "Vary: "
        var start = 0
        while let end = bytes[start...].firstIndex(of: ByteClass.lineFeed) {
            if starts(with: field, at: start) {
                for index in start..<(end - 1) { bytes.append(bytes[index]) }
                bytes.append(UInt8(ascii: ","))
                bytes.append(UInt8(ascii: " "))
                append(name)
                append("\r\n")
                return
            }
            start = end + 1
        }
        append(field)
        append(name)
        append("\r\n")
    }

    private func starts(with text: StaticString, at start: Int) -> Bool {
        guard bytes.count - start >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount where bytes[start + offset] != text.utf8Start[offset] { return false }
        return true
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Whether a field of this name, given in lower case, was added.
    package func contains(_ lowercasedName: String) -> Bool {
        var found = false
        var name = lowercasedName
        name.withUTF8 { name in
            bytes.withUnsafeBufferPointer { lines in
                FieldLines.forEachValue(of: name, in: lines) { _ in found = true }
            }
        }
        return found
    }

    private static func isServers(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        switch name.count {
        case 4: ByteClass.matches(name, "date")
        case 10: ByteClass.matches(name, "connection")
        case 14: ByteClass.matches(name, "content-length")
        case 17: ByteClass.matches(name, "transfer-encoding")
        default: false
        }
    }
}
