import Basics
import TableModel

/// Cuts a query text into tokens, one at a time and in one pass.
struct QueryLexer {
    private let bytes: [UInt8]
    /// Where the next token is looked for.
    private(set) var offset = 0
    /// Where the last token began.
    private(set) var start = 0

    init(_ text: String, limits: QueryLimits) throws(QuerySyntaxError) {
        bytes = Array(text.utf8)
        guard bytes.count <= limits.textBytes else {
            start = bytes.count
            throw QuerySyntaxError(
                column: text.count,
                found: "\(bytes.count) bytes",
                expected: "at most \(limits.textBytes) bytes"
            )
        }
    }

    mutating func next() throws(QuerySyntaxError) -> QueryToken {
        while offset < bytes.count, Self.isSpace(bytes[offset]) { offset += 1 }
        start = offset
        guard offset < bytes.count else { return .end }
        let byte = bytes[offset]
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            return .string(try quoted("the \(byte == 0x27 ? "'" : "\"") that ends the string"))
        case UInt8(ascii: "`"):
            let name = try quoted("the ` that ends the name")
            guard !name.isEmpty else { throw error(at: start, expected: "a name that is not empty") }
            return .quotedName(name)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return try number()
        case UInt8(ascii: "b"), UInt8(ascii: "B"):
            if offset + 1 < bytes.count, bytes[offset + 1] == 0x27 || bytes[offset + 1] == 0x22 { return try binary() }
            return word()
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"): return try comparison()
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
            UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: ":"):
            offset += 1
            return .sign(byte)
        default:
            if Self.startsName(byte) { return word() }
            throw error(at: start, expected: "a name, a literal or an operator (other names stand in `backticks`)")
        }
    }

    /// The error that something else was expected where the last token began.
    func error(expected: String) -> QuerySyntaxError { error(at: start, expected: expected) }

    private func error(at place: Int, expected: String) -> QuerySyntaxError {
        QuerySyntaxError(
            column: String(decoding: bytes[..<place], as: UTF8.self).count + 1,
            found: place == bytes.count
                ? "the end" : "'\(Excerpt.of(String(decoding: bytes[place...].prefix(80), as: UTF8.self), 16))'",
            expected: expected
        )
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func startsName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private static func continuesName(_ byte: UInt8) -> Bool {
        startsName(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }

    private mutating func word() -> QueryToken {
        while offset < bytes.count, Self.continuesName(bytes[offset]) { offset += 1 }
        return .word(String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    /// What stands between the quote at `offset` and the next one alone; two of them are one of the text's own.
    private mutating func quoted(_ missing: String) throws(QuerySyntaxError) -> String {
        let quote = bytes[offset]
        var content: [UInt8] = []
        offset += 1
        while offset < bytes.count {
            if bytes[offset] == quote {
                offset += 1
                guard offset < bytes.count, bytes[offset] == quote else {
                    return String(decoding: content, as: UTF8.self)
                }
            }
            content.append(bytes[offset])
            offset += 1
        }
        throw error(at: bytes.count, expected: missing)
    }

    private mutating func binary() throws(QuerySyntaxError) -> QueryToken {
        offset += 1
        let text = try quoted("the quote that ends the binary value")
        guard let content = Base64.decode(text) ?? Base64.decodeURL(text) else {
            throw error(at: start, expected: "base64 between the quotes of a binary value")
        }
        return .binary(content)
    }

    private mutating func number() throws(QuerySyntaxError) -> QueryToken {
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        skipDigits()
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            skipDigits()
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            skipDigits()
        }
        let isEnded = offset == bytes.count || !Self.continuesName(bytes[offset])
        let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard isEnded, let number = DecimalNumber(digits) else {
            throw error(
                at: start,
                expected:
                    "a number of at most 38 digits, its magnitude from 1E-130 to 9.9E+125, or a name in `backticks`"
            )
        }
        return .number(number)
    }

    private mutating func skipDigits() {
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
    }

    private mutating func comparison() throws(QuerySyntaxError) -> QueryToken {
        let first = bytes[offset]
        let second = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        offset += 1
        switch (first, second) {
        case (UInt8(ascii: "="), _): return .comparison(.equal)
        case (UInt8(ascii: "!"), UInt8(ascii: "=")), (UInt8(ascii: "<"), UInt8(ascii: ">")):
            offset += 1
            return .comparison(.notEqual)
        case (UInt8(ascii: "<"), UInt8(ascii: "=")):
            offset += 1
            return .comparison(.lessOrEqual)
        case (UInt8(ascii: ">"), UInt8(ascii: "=")):
            offset += 1
            return .comparison(.greaterOrEqual)
        case (UInt8(ascii: "<"), _): return .comparison(.less)
        case (UInt8(ascii: ">"), _): return .comparison(.greater)
        default: throw error(at: start, expected: "one of =, !=, <, <=, >, >=")
        }
    }
}
