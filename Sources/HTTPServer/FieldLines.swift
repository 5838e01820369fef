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
}
