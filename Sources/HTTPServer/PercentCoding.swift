/// Percent-decoding (RFC 3986 section 2.1) of bytes whose escapes the parser has found valid.
package enum PercentCoding {
    /// The bytes that `bytes` stands for; in a query `+` is a space.
    package static func decode(_ bytes: UnsafeBufferPointer<UInt8>, plusIsSpace: Bool = false) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
            var index = 0
            while index < bytes.count {
                var byte = bytes[index]
                if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = ByteClass.hexValue(bytes[index + 1]),
                    let low = ByteClass.hexValue(bytes[index + 2])
                {
                    byte = high << 4 | low
                    index += 2
                } else if plusIsSpace, byte == UInt8(ascii: "+") {
                    byte = ByteClass.space
                }
                output.initializeElement(at: count, to: byte)
                count += 1
                index += 1
            }
        }
    }
}
