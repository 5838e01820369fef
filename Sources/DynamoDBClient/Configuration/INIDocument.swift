import Basics

/// One of AWS's shared files, read as botocore reads it: the config file or the credentials file (AWS SDKs and Tools Reference Guide,
/// "Shared config and credentials files"; `botocore/configloader.py`).
///
/// `INILines` has the rules for lines. A property without a value whose lines below are indented has properties of its own, as in
/// `dynamodb =` followed by `  endpoint_url = http://localhost:8000`. Where botocore rejects a file, so does this: sections and properties
/// that come twice, a line without a delimiter. A byte-order mark, which Windows editors write and botocore rejects, is ignored.
struct INIDocument: Sendable, Hashable {
    /// A section's properties.
    struct Section: Sendable, Hashable {
        /// The header without its brackets.
        let name: String
        /// Values by property name. The lines of a long value are joined with line feeds.
        var values: [String: String] = [:]
        /// The properties below a property, by its name. Their own names keep their case.
        var nested: [String: [String: String]] = [:]
    }

    /// The sections in the order of the file.
    let sections: [Section]

    /// A line that is invalid. The reason has no text of the file in it.
    struct SyntaxError: Error, Hashable {
        let line: Int
        let reason: String
    }

    /// Reads a file's bytes.
    init(_ bytes: [UInt8]) throws(SyntaxError) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw SyntaxError(line: 1, reason: "the file is not UTF-8 text")
        }
        let lines = try INILines(text)
        var sections: [Section] = []
        for section in lines.sections {
            var read = Section(name: section.name)
            let own = Set(section.properties.map(\.name))
            for property in lines.defaults.properties where !own.contains(property.name) { try read.add(property) }
            for property in section.properties { try read.add(property) }
            sections.append(read)
        }
        self.sections = sections
    }
}

extension INIDocument.Section {
    fileprivate mutating func add(_ property: INILines.Property) throws(INIDocument.SyntaxError) {
        var lines = property.lines[...]
        while lines.count > 1, lines.last?.text.isEmpty == true { lines.removeLast() }
        guard lines.count > 1, lines.first?.text.isEmpty == true else {
            values[property.name] = lines.map(\.text).joined(separator: "\n")
            return
        }
        var inner: [String: String] = [:]
        for line in lines where !line.text.isEmpty {
            let content = Substring(line.text).unicodeScalars
            guard let equals = content.firstIndex(of: "=") else {
                throw INIDocument.SyntaxError(
                    line: line.number,
                    reason: "expected name = value below the property above"
                )
            }
            let value = content[content.index(after: equals)...].stripped
            inner[String(content[..<equals].strippedAtEnd)] = String(value)
        }
        nested[property.name] = inner
    }
}
