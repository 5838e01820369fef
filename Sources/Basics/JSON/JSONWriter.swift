/// Writes JSON (RFC 8259) as bytes on one line. It puts the commas; the caller closes what it opens.
///
/// It keeps no stack, so a text may be written in pieces: one writer may close what another has opened.
package struct JSONWriter: Sendable {
    /// The JSON so far. Callers may append JSON that they wrote elsewhere.
    package var bytes: [UInt8] = []
    private var needsComma = false

    /// Writes from the beginning, with room for `capacity` bytes.
    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// One object whose members `write` writes.
    package static func object(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object(write)
        return json.bytes
    }

    // MARK: Values

    /// Writes a string: quoted, and escaped where it must be.
    package mutating func string(_ text: String) {
        separate()
        Self.append(text, to: &bytes)
    }

    /// Writes a whole number.
    package mutating func integer(_ number: Int64) {
        separate()
        Digits.append(number, to: &bytes)
    }

    /// Writes `true` or `false`.
    package mutating func bool(_ flag: Bool) { raw(flag ? "true" : "false") }

    /// Writes `null`.
    package mutating func null() { raw("null") }

    /// Writes a value that is JSON already.
    package mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    /// Writes the comma that a value needs before it, for a caller that appends the value to `bytes`.
    package mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    // MARK: Objects and arrays

    /// Opens an object.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }

    /// Closes an object.
    package mutating func endObject() { close(UInt8(ascii: "}")) }

    /// Opens an array.
    package mutating func beginArray() { open(UInt8(ascii: "[")) }

    /// Closes an array.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes an object whose members `write` writes.
    package mutating func object(_ write: (inout JSONWriter) -> Void) {
        beginObject()
        write(&self)
        endObject()
    }

    /// Writes an array with a value for each element.
    package mutating func array<Elements: Sequence>(
        _ elements: Elements,
        _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Begins a member; its value comes next.
    package mutating func name(_ name: String) {
        separate()
        Self.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Into other bytes

    /// Appends `text` to `output` as a string. U+2028, U+2029 and DEL are written as they are.
    package static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        output.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            if !JSONEscape.isNeeded(raw) {
                output.append(contentsOf: raw)
                return
            }
            withUnsafeTemporaryAllocation(byteCount: raw.count * JSONEscape.longest, alignment: 1) { room in
                // Proven: text that needs an escape is not empty, so the room has an address.
                let count = JSONEscape.write(raw, to: room.baseAddress.unsafelyUnwrapped)
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<count]))
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
