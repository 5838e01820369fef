/// Appends JSON to bytes: strings escaped by RFC 8259, everything on one line.
package enum JSONWriter {
    /// Appends `text` as a JSON string, quotes included. U+2028/2029 and DEL are written as they are; controls as escapes.
    package static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        output.append(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            if !JSONText.needsEscape(raw) {
                output.append(contentsOf: raw)
                return
            }
            withUnsafeTemporaryAllocation(byteCount: raw.count * 6, alignment: 1) { room in
                // Proven: text that needs an escape is not empty, so the room has an address.
                let count = JSONText.escape(raw, to: room.baseAddress.unsafelyUnwrapped)
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<count]))
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Appends an integer's digits.
    package static func append(_ integer: Int64, to output: inout [UInt8]) {
        var digits = integer.magnitude
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { room in
            var start = 20
            repeat {
                start -= 1
                room[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digits % 10)
                digits /= 10
            } while digits != 0
            if integer < 0 {
                start -= 1
                room[start] = UInt8(ascii: "-")
            }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[start...]))
        }
    }

    /// Appends one value in DynamoDB's typed form.
    package static func appendDynamoDB(_ value: AttributeValue, to output: inout [UInt8]) {
        var packer = Packer()
        packer.append(value)
        PackedEncoder.append(packer.buffer.bytes, isItem: false, .typed, to: &output)
    }

    /// Appends one value in plain form (sets as arrays in a stable order, binary as base64).
    package static func appendPlain(
        _ value: AttributeValue,
        numbers: NumberStyle = .number,
        to output: inout [UInt8]
    ) {
        var packer = Packer()
        packer.append(value)
        let style = numbers == .number ? PackedEncoder.Style.plain : .plainStringNumbers
        PackedEncoder.append(packer.buffer.bytes, isItem: false, style, to: &output)
    }
}
