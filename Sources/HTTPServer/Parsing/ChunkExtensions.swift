/// The extensions behind a chunk's size (RFC 9112 section 7.1.1), none of which is understood here. Their form is checked all the same: where
/// two parsers disagree on the end of a chunk's line, one of them can be made to see a request that the other does not.
enum ChunkExtensions {
    /// Whether `text`, the rest of a chunk's line behind its size, is a list of extensions, also an empty one. White space may stand around
    /// `;` and `=` only, so not at the end of the line.
    static func isValid(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            skipBlanks(text, &index)
            guard take(UInt8(ascii: ";"), text, &index) else { return false }
            skipBlanks(text, &index)
            guard takeToken(text, &index) else { return false }
            let nameEnd = index
            skipBlanks(text, &index)
            guard take(UInt8(ascii: "="), text, &index) else {
                index = nameEnd
                continue
            }
            skipBlanks(text, &index)
            guard takeToken(text, &index) || takeQuoted(text, &index) else { return false }
        }
        return true
    }

    private static func skipBlanks(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) {
        while index < text.count, text[index] == ByteClass.space || text[index] == ByteClass.tab { index += 1 }
    }

    private static func take(_ byte: UInt8, _ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index += 1
        return true
    }

    private static func takeToken(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        while index < text.count, ByteClass.isToken(text[index]) { index += 1 }
        return index > start
    }

    /// A quoted string (RFC 9110 section 5.6.4); a backslash stands before any byte of a field value.
    private static func takeQuoted(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Bool {
        guard take(UInt8(ascii: "\""), text, &index) else { return false }
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return true }
            guard ByteClass.isFieldValue(byte) else { return false }
            if byte == UInt8(ascii: "\\") {
                guard index < text.count, ByteClass.isFieldValue(text[index]) else { return false }
                index += 1
            }
        }
        return false
    }
}
