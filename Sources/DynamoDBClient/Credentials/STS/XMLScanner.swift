import Basics

/// Cuts an XML document into its tags and texts. Attributes, comments and processing instructions are passed over.
struct XMLScanner {
    enum Token: Sendable, Hashable {
        /// A name without its prefix.
        case start(String)
        case end(String)
        /// With its references decoded.
        case text(String)
    }

    private let bytes: [UInt8]
    private var index = 0
    /// The element that `<name/>` has opened and that ends next.
    private var closing: String?

    init(_ bytes: [UInt8]) {
        // A byte-order mark is no part of the document.
        self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    /// The next tag or text; nil at the end.
    mutating func next() throws(XMLTexts.Malformed) -> Token? {
        if let name = closing {
            closing = nil
            return .end(name)
        }
        while index < bytes.count {
            if bytes[index] != UInt8(ascii: "<") { return .text(try text()) }
            if has("<![CDATA[") { return .text(try Self.string(try skip("<![CDATA[", to: "]]>"))) }
            if has("<!--") {
                _ = try skip("<!--", to: "-->")
            } else if has("<?") {
                _ = try skip("<?", to: "?>")
            } else if has("<!") {
                throw XMLTexts.Malformed()
            } else {
                return try tag()
            }
        }
        return nil
    }

    private mutating func text() throws(XMLTexts.Malformed) -> String {
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        defer { index = end }
        var decoded: [UInt8] = []
        var rest = bytes[index..<end]
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            decoded += rest[..<mark]
            // The longest reference is `&#x10FFFF;`.
            guard let semicolon = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw XMLTexts.Malformed()
            }
            decoded += try Self.reference(Self.string(rest[(mark + 1)..<semicolon])).utf8
            rest = rest[(semicolon + 1)...]
        }
        decoded += rest
        return try Self.string(decoded[...])
    }

    /// The character that `&name;` stands for.
    private static func reference(_ name: String) throws(XMLTexts.Malformed) -> String {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let isHexadecimal = name.hasPrefix("#x")
            let digits = name.dropFirst(isHexadecimal ? 2 : 1)
            guard name.hasPrefix("#"), digits.allSatisfy(\.isHexDigit),
                let number = UInt32(digits, radix: isHexadecimal ? 16 : 10), number > 0,
                let scalar = Unicode.Scalar(number)
            else { throw XMLTexts.Malformed() }
            return String(Character(scalar))
        }
    }

    private mutating func tag() throws(XMLTexts.Malformed) -> Token {
        index += 1
        let isEnd = index < bytes.count && bytes[index] == UInt8(ascii: "/")
        if isEnd { index += 1 }
        let first = index
        while index < bytes.count, !Self.endsName.contains(bytes[index]) { index += 1 }
        let qualified = try Self.string(bytes[first..<index])
        let name = String(qualified.split(separator: ":", omittingEmptySubsequences: false).last ?? "")
        guard !name.isEmpty else { throw XMLTexts.Malformed() }
        var quote: UInt8?
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                if isEnd { return .end(name) }
                if bytes[index - 2] == UInt8(ascii: "/") { closing = name }
                return .start(name)
            } else if byte == UInt8(ascii: "<") {
                throw XMLTexts.Malformed()
            }
        }
        throw XMLTexts.Malformed()
    }

    private static let endsName = ByteSet(" \t\r\n/><")

    private func has(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[index...].starts(with: $0) }
    }

    /// Passes over `opening`, and over everything up to `closing`, which it returns, and `closing` itself.
    private mutating func skip(
        _ opening: StaticString,
        to closing: StaticString
    ) throws(XMLTexts.Malformed) -> ArraySlice<UInt8> {
        let first = index + opening.utf8CodeUnitCount
        let mark = closing.withUTF8Buffer { Array($0) }
        var end = first
        while end + mark.count <= bytes.count {
            if bytes[end..<(end + mark.count)].elementsEqual(mark) {
                index = end + mark.count
                return bytes[first..<end]
            }
            end += 1
        }
        throw XMLTexts.Malformed()
    }

    private static func string(_ bytes: ArraySlice<UInt8>) throws(XMLTexts.Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw XMLTexts.Malformed() }
        return text
    }
}
