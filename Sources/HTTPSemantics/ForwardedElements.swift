/// The elements of a field `Forwarded` (RFC 7239 section 4): `for=10.0.0.1;proto=https, for="[2001:db8::1]:80"`.
enum ForwardedElements {
    /// The value of `for` of each element, nil for an element without it; nil where the field is malformed.
    static func forValues(_ bytes: [UInt8]) -> [[UInt8]?]? {
        var reader = Reader(bytes: bytes)
        var values: [[UInt8]?] = []
        while true {
            reader.skipBlanks()
            if reader.take(UInt8(ascii: ",")) { continue }
            if reader.isAtEnd { return values }
            guard case .some(let value) = element(&reader) else { return nil }
            values.append(value)
            guard reader.isAtEnd || reader.take(UInt8(ascii: ",")) else { return nil }
        }
    }

    /// Reads pairs up to a comma or the end: the value of `for`, or nil without it, in a wrapper that is nil where the pairs are malformed.
    private static func element(_ reader: inout Reader) -> [UInt8]?? {
        var found: [UInt8]?
        var names: Set<[UInt8]> = []
        while true {
            reader.skipBlanks()
            if let name = reader.name() {
                guard reader.take(UInt8(ascii: "=")), let value = reader.value() else { return nil }
                // A name stands once in an element.
                guard names.insert(name).inserted else { return nil }
                if name == Array("for".utf8) { found = value }
            }
            reader.skipBlanks()
            if !reader.take(UInt8(ascii: ";")) { return .some(found) }
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { index >= bytes.count }

        mutating func skipBlanks() {
            while !isAtEnd, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") { index += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard !isAtEnd, bytes[index] == byte else { return false }
            index += 1
            return true
        }

        /// A parameter's name, in lower case.
        mutating func name() -> [UInt8]? {
            let start = index
            while !isAtEnd, Self.isWord(bytes[index]), bytes[index] != UInt8(ascii: "=") { index += 1 }
            guard index > start else { return nil }
            return bytes[start..<index].map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        }

        /// A quoted string without its quotes, or a word. Some proxies write an IPv6 address or a port without the quotes that it needs.
        mutating func value() -> [UInt8]? {
            guard take(UInt8(ascii: "\"")) else {
                let start = index
                while !isAtEnd, Self.isWord(bytes[index]) { index += 1 }
                return index > start ? Array(bytes[start..<index]) : nil
            }
            var value: [UInt8] = []
            while !isAtEnd {
                var byte = bytes[index]
                index += 1
                if byte == UInt8(ascii: "\"") { return value }
                if byte == UInt8(ascii: "\\") {
                    guard !isAtEnd else { return nil }
                    byte = bytes[index]
                    index += 1
                }
                value.append(byte)
            }
            return nil
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ",") && byte != UInt8(ascii: ";")
                && byte != UInt8(ascii: "\"")
        }
    }
}
