/// Splits an expression into tokens.
enum Lexer {
    static func tokens(of expression: String, in context: ExpressionContext) throws(SandboxError) -> [Token] {
        let bytes = Array(expression.utf8)
        var tokens: [Token] = []
        var index = 0
        while index < bytes.count {
            if isSpace(bytes[index]) {
                index += 1
                continue
            }
            let end = endOfToken(bytes, from: index)
            let text = String(decoding: bytes[index..<end], as: UTF8.self)
            guard let kind = kind(of: bytes[index], text: text) else {
                let near = String(decoding: bytes[(tokens.last?.range.lowerBound ?? index)..<end], as: UTF8.self)
                throw context.error("Syntax error; token: \"\(text)\", near: \"\(near)\"")
            }
            tokens.append(Token(kind: kind, text: text, range: index..<end))
            index = end
        }
        tokens.append(Token(kind: .end, text: "<EOF>", range: bytes.count..<bytes.count))
        return tokens
    }

    private static func kind(of first: UInt8, text: String) -> Token.Kind? {
        switch first {
        case UInt8(ascii: "#"): text.utf8.count > 1 ? .namePlaceholder : nil
        case UInt8(ascii: ":"): text.utf8.count > 1 ? .valuePlaceholder : nil
        case let byte where isDigit(byte): .number
        case let byte where isWord(byte): .word
        case let byte where Array("()[],.=<>+-".utf8).contains(byte): .symbol
        default: nil
        }
    }

    private static func endOfToken(_ bytes: [UInt8], from start: Int) -> Int {
        var end = start + 1
        switch bytes[start] {
        case UInt8(ascii: "#"), UInt8(ascii: ":"):
            while end < bytes.count, isWord(bytes[end]) || isDigit(bytes[end]) { end += 1 }
        case let byte where isDigit(byte):
            while end < bytes.count, isDigit(bytes[end]) { end += 1 }
        case let byte where isWord(byte):
            while end < bytes.count, isWord(bytes[end]) || isDigit(bytes[end]) { end += 1 }
        case UInt8(ascii: "<")
        where end < bytes.count && (bytes[end] == UInt8(ascii: ">") || bytes[end] == UInt8(ascii: "=")),
            UInt8(ascii: ">") where end < bytes.count && bytes[end] == UInt8(ascii: "="):
            end += 1
        case let byte where byte >= 0x80:
            while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        default: break
        }
        return end
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isWord(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
    }
}
