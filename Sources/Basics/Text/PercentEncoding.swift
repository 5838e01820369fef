/// Percent-encoding (RFC 3986 section 2.1).
package enum PercentEncoding {
    /// `text` with every byte encoded that `kept` has not.
    package static func encode(_ text: String, keeping kept: ByteSet) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if kept.contains(byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Hex.upperDigit(byte >> 4))
                bytes.append(Hex.upperDigit(byte & 15))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes that `bytes` stands for; where `plusIsSpace`, as in a query, `+` is a space. A `%` without two digits
    /// stays.
    package static func decode(_ bytes: UnsafeBufferPointer<UInt8>, plusIsSpace: Bool = false) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
            var index = 0
            while index < bytes.count {
                var byte = bytes[index]
                if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = Hex.value(bytes[index + 1]),
                    let low = Hex.value(bytes[index + 2])
                {
                    byte = high << 4 | low
                    index += 2
                } else if plusIsSpace, byte == UInt8(ascii: "+") {
                    byte = UInt8(ascii: " ")
                }
                output.initializeElement(at: count, to: byte)
                count += 1
                index += 1
            }
        }
    }
}
