import Glibc

/// A walk over validated field lines, each `name: value CRLF`. No index is kept: a look-up costs one pass over some
/// hundred bytes, and most requests are asked for few fields.
enum FieldLines {
    static func forEachValue(
        of lowercasedName: UnsafeBufferPointer<UInt8>,
        in lines: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let base = lines.baseAddress else { return }
        let nameCount = lowercasedName.count
        var start = 0
        while start < lines.count {
            guard let found = memchr(base + start, Int32(ByteClass.lineFeed), lines.count - start) else { return }
            let end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            if end - start > nameCount, base[start + nameCount] == UInt8(ascii: ":") {
                var index = 0
                while index < nameCount, ByteClass.lowercased(base[start + index]) == lowercasedName[index] {
                    index += 1
                }
                if index == nameCount {
                    let valueStart = start + nameCount + 1
                    body(
                        ByteClass.trimmed(
                            UnsafeBufferPointer(start: base + valueStart, count: max(0, end - 1 - valueStart))
                        )
                    )
                }
            }
            start = end + 1
        }
    }

    /// Calls `body` with each line's name, as it stands there, and its trimmed value.
    static func forEach(
        in lines: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let base = lines.baseAddress else { return }
        var start = 0
        while start < lines.count {
            guard let found = memchr(base + start, Int32(ByteClass.lineFeed), lines.count - start) else { return }
            let end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            if let colon = memchr(base + start, Int32(UInt8(ascii: ":")), end - start) {
                let nameEnd = UnsafeRawPointer(colon) - UnsafeRawPointer(base)
                let value = UnsafeBufferPointer(start: base + nameEnd + 1, count: max(0, end - 1 - (nameEnd + 1)))
                body(UnsafeBufferPointer(start: base + start, count: nameEnd - start), ByteClass.trimmed(value))
            }
            start = end + 1
        }
    }
}
