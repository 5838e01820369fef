import Basics

/// The format of AWS's shared config and credentials files (AWS SDKs and Tools Reference Guide, "File format").
///
/// Sections in brackets, `name = value` lines, comments that begin with `#` or `;` at the start of a line or after white
/// space. A line indented deeper than the property before it belongs to that property: `endpoint_url` below
/// `dynamodb =` is kept as `dynamodb.endpoint_url`. Sections that come twice are merged, and the later value wins.
struct INIDocument: Sendable, Hashable {
    /// Values by lower-cased property name, by section header.
    private(set) var sections: [String: [String: String]] = [:]

    /// A line that is not understood.
    struct SyntaxError: Error, Hashable {
        let line: Int
        let reason: String
    }

    init(_ bytes: [UInt8]) throws(SyntaxError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SyntaxError(line: 1, reason: "the file is not UTF-8 text")
        }
        var reader = LineReader()
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            try reader.read(line, number: number, into: &sections)
        }
    }
}

/// The state after the lines before: the section, and the property that indented lines belong to.
private struct LineReader {
    private var section: String?
    private var parent: (name: String, indent: Int, isEmpty: Bool)?

    mutating func read(
        _ line: Substring,
        number: Int,
        into sections: inout [String: [String: String]]
    ) throws(INIDocument.SyntaxError) {
        let content = line.drop(while: Self.isSpace)
        let indent = line.count - content.count
        guard let first = content.first, first != "#", first != ";" else { return }
        if first == "[" {
            guard let end = content.firstIndex(of: "]") else {
                throw INIDocument.SyntaxError(line: number, reason: "the section header has no closing bracket")
            }
            let header = content[content.index(after: content.startIndex)..<end]
            let name = header.split(whereSeparator: Self.isSpace).joined(separator: " ")
            section = name
            parent = nil
            sections[name, default: [:]].merge([:]) { old, _ in old }
            return
        }
        guard let section else {
            throw INIDocument.SyntaxError(line: number, reason: "there is a property before the first section header")
        }
        guard let equals = content.firstIndex(of: "=") else {
            // The continuation of a long value: none of the properties read here has one.
            if let parent, indent > parent.indent { return }
            throw INIDocument.SyntaxError(line: number, reason: "expected name = value")
        }
        let name = content[..<equals].trimmed().lowercased()
        let value = Self.withoutComment(content[content.index(after: equals)...])
        if let parent, indent > parent.indent {
            if parent.isEmpty { sections[section, default: [:]]["\(parent.name).\(name)"] = value }
            return
        }
        parent = (name, indent, value.isEmpty)
        sections[section, default: [:]][name] = value
    }

    private static func withoutComment(_ text: Substring) -> String {
        var previous: Character = " "
        var end = text.endIndex
        for index in text.indices {
            if (text[index] == "#" || text[index] == ";") && isSpace(previous) {
                end = index
                break
            }
            previous = text[index]
        }
        return String(text[..<end].trimmed())
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }
}
