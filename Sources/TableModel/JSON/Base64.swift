/// RFC 4648 base64 and base64url.
package enum Base64 {
    private static let standard = StaticString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    private static let url = StaticString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    /// Appends `bytes` in the standard alphabet, padded.
    package static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        if bytes.isEmpty { return }
        withUnsafeTemporaryAllocation(byteCount: encodedCount(bytes.count), alignment: 1) { room in
            // Proven: some bytes were given, so the room is not empty and has an address.
            _ = encode(bytes, to: room.baseAddress.unsafelyUnwrapped)
            output.append(contentsOf: UnsafeRawBufferPointer(room))
        }
    }

    /// `bytes` in the standard alphabet, padded.
    package static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        bytes.withUnsafeBytes { append($0, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    /// base64url without padding (RFC 4648 section 5).
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        let count = (bytes.count * 4 + 2) / 3
        return String(unsafeUninitializedCapacity: encodedCount(bytes.count)) { room in
            guard let target = room.baseAddress else { return 0 }
            _ = bytes.withUnsafeBytes { encode($0, to: UnsafeMutableRawPointer(target), alphabet: url) }
            return count
        }
    }

    /// Standard alphabet, padded; nil for anything else.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { characters in
            decode(characters.count) { decode(UnsafeRawBufferPointer(characters), to: $0) }
        }
    }

    /// The URL alphabet, padding optional; nil for anything else.
    package static func decodeURL(_ text: String) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(text.utf8.count + 3)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"): return nil
            default: standard.append(byte)
            }
        }
        if standard.last != UInt8(ascii: "=") {
            while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
        }
        return standard.withUnsafeBytes { characters in
            decode(characters.count) { decode(characters, to: $0) }
        }
    }

    private static func decode(
        _ characters: Int,
        _ body: (UnsafeMutableRawPointer) -> Int?
    ) -> [UInt8]? {
        var isValid = true
        let bytes = [UInt8](unsafeUninitializedCapacity: characters / 4 * 3 + 1) { room, count in
            // Proven: the capacity is above 0, so the room has an address.
            let decoded = body(UnsafeMutableRawPointer(room.baseAddress.unsafelyUnwrapped))
            isValid = decoded != nil
            count = decoded ?? 0
        }
        return isValid ? bytes : nil
    }

    /// The padded length of `count` bytes.
    static func encodedCount(_ count: Int) -> Int { (count &+ 2) / 3 &* 4 }

    /// Encodes to raw memory with room for `encodedCount` bytes, padding included, and returns that count.
    static func encode(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer) -> Int {
        encode(bytes, to: output, alphabet: standard)
    }

    private static func encode(
        _ bytes: UnsafeRawBufferPointer,
        to output: UnsafeMutableRawPointer,
        alphabet: StaticString
    ) -> Int {
        let digits = alphabet.utf8Start
        var target = output.assumingMemoryBound(to: UInt8.self)
        var index = 0
        while index + 2 < bytes.count {
            let group = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
            target[0] = digits[group >> 18]
            target[1] = digits[group >> 12 & 63]
            target[2] = digits[group >> 6 & 63]
            target[3] = digits[group & 63]
            target += 4
            index += 3
        }
        if index < bytes.count {
            let second = index + 1 < bytes.count ? Int(bytes[index + 1]) : 0
            let group = Int(bytes[index]) << 16 | second << 8
            target[0] = digits[group >> 18]
            target[1] = digits[group >> 12 & 63]
            target[2] = index + 1 < bytes.count ? digits[group >> 6 & 63] : UInt8(ascii: "=")
            target[3] = UInt8(ascii: "=")
        }
        return encodedCount(bytes.count)
    }

    /// Decodes the padded standard alphabet to raw memory with room for three bytes a group, and returns how many there are;
    /// nil for any other character, a wrong length, or bits that no encoder sets (RFC 4648 section 3.5).
    static func decode(_ text: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer) -> Int? {
        guard text.count % 4 == 0 else { return nil }
        if text.isEmpty { return 0 }
        var padding = 0
        if text[text.count - 1] == UInt8(ascii: "=") { padding = text[text.count - 2] == UInt8(ascii: "=") ? 2 : 1 }
        let significant = text.count - padding
        var bits: UInt32 = 0
        var written = 0
        for index in 0..<significant {
            let digit = value(text[index])
            guard digit < 64 else { return nil }
            bits = bits << 6 | UInt32(digit)
            if index & 3 == 3 {
                output.storeBytes(of: UInt8(truncatingIfNeeded: bits >> 16), toByteOffset: written, as: UInt8.self)
                output.storeBytes(of: UInt8(truncatingIfNeeded: bits >> 8), toByteOffset: written + 1, as: UInt8.self)
                output.storeBytes(of: UInt8(truncatingIfNeeded: bits), toByteOffset: written + 2, as: UInt8.self)
                written += 3
                bits = 0
            }
        }
        switch padding {
        case 1:
            guard bits & 0x3 == 0 else { return nil }
            output.storeBytes(of: UInt8(truncatingIfNeeded: bits >> 10), toByteOffset: written, as: UInt8.self)
            output.storeBytes(of: UInt8(truncatingIfNeeded: bits >> 2), toByteOffset: written + 1, as: UInt8.self)
            return written + 2
        case 2:
            guard bits & 0xF == 0 else { return nil }
            output.storeBytes(of: UInt8(truncatingIfNeeded: bits >> 4), toByteOffset: written, as: UInt8.self)
            return written + 1
        default:
            return written
        }
    }

    @inline(__always)
    private static func value(_ character: UInt8) -> UInt8 {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: 255
        }
    }
}
