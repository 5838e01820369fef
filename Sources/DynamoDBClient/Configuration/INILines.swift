/// The lines of an INI file as sections with properties, by the rules of Python's `configparser.RawConfigParser`, which is what botocore
/// and the AWS CLI read AWS's files with.
///
/// A property is `name = value` or `name: value`. Comments are whole lines that begin with `#` or `;`, after any white space. A line that
/// is indented deeper than the property before it continues that property's value, whatever it looks like. Names of properties are in
/// lower case.
struct INILines: Sendable {
    /// A line of a value, without white space around it.
    struct Line: Sendable {
        let text: String
        let number: Int
    }

    /// A property with the lines of its value; the first is what stands behind the delimiter.
    struct Property: Sendable {
        let name: String
        var lines: [Line]
    }

    /// A section, with its properties in the order of the file.
    struct Section: Sendable {
        let name: String
        var properties: [Property] = []
    }

    /// The sections in the order of the file, without `[DEFAULT]`.
    private(set) var sections: [Section] = []
    /// `[DEFAULT]`, whose properties every section has too.
    private(set) var defaults = Section(name: "DEFAULT")

    /// The section that properties go to; nil before the first header.
    private var place: Place?
    /// The indentation of the last property or header.
    private var indent = 0
    /// Whether a deeper line continues a property: not right after a header.
    private var hasProperty = false
    private var sectionLines: [String: Int] = [:]
    private var propertyLines: [String: [String: Int]] = [:]

    private enum Place { case defaults, last }

    /// Reads a file's text. Errors have no text of the file in them: what looks like a name may be half a secret.
    init(_ text: String) throws(INIDocument.SyntaxError) {
        var number = 0
        var rest = Substring(text).unicodeScalars[...]
        while !rest.isEmpty {
            number += 1
            try read(Self.takeLine(&rest), number)
        }
    }

    /// Takes a line, which ends with LF, CR or both.
    private static func takeLine(_ rest: inout Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        guard let end = rest.firstIndex(where: { $0 == "\n" || $0 == "\r" }) else {
            defer { rest = rest[rest.endIndex...] }
            return rest
        }
        let line = rest[..<end]
        var next = rest.index(after: end)
        if rest[end] == "\r", next < rest.endIndex, rest[next] == "\n" { next = rest.index(after: next) }
        rest = rest[next...]
        return line
    }

    private mutating func read(
        _ line: Substring.UnicodeScalarView,
        _ number: Int
    ) throws(INIDocument.SyntaxError) {
        let content = line.stripped
        guard let first = content.first else {
            // An empty line within a value belongs to it.
            if hasProperty { append(Line(text: "", number: number)) }
            return
        }
        if first == "#" || first == ";" { return }
        let indent = line.distance(from: line.startIndex, to: content.startIndex)
        if hasProperty, indent > self.indent { return append(Line(text: String(content), number: number)) }
        self.indent = indent
        if let header = Self.header(content) { return try begin(header, number) }
        guard let place else {
            throw INIDocument.SyntaxError(line: number, reason: "there is a property before the first section header")
        }
        try add(try Self.property(content, number), number, to: place)
    }

    /// The text between the brackets. As for `configparser`, it ends at the last bracket, and what follows that is ignored.
    private static func header(_ content: Substring.UnicodeScalarView) -> String? {
        guard content.first == "[", let end = content.lastIndex(of: "]") else { return nil }
        let name = content[content.index(after: content.startIndex)..<end]
        return name.isEmpty ? nil : String(name)
    }

    private static func property(
        _ content: Substring.UnicodeScalarView,
        _ number: Int
    ) throws(INIDocument.SyntaxError) -> Property {
        guard let delimiter = content.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
            let reason =
                content.first == "[" ? "the section header has no closing bracket or no name" : "expected name = value"
            throw INIDocument.SyntaxError(line: number, reason: reason)
        }
        let name = String(content[..<delimiter].strippedAtEnd).lowercased()
        guard !name.isEmpty else {
            throw INIDocument.SyntaxError(line: number, reason: "there is no name before the \(content[delimiter])")
        }
        let value = content[content.index(after: delimiter)...].stripped
        return Property(name: name, lines: [Line(text: String(value), number: number)])
    }

    private mutating func begin(_ name: String, _ number: Int) throws(INIDocument.SyntaxError) {
        hasProperty = false
        guard name != defaults.name else {
            place = .defaults
            return
        }
        if let earlier = sectionLines.updateValue(number, forKey: name) {
            throw INIDocument.SyntaxError(
                line: number,
                reason: "the section that begins here is in the file already, at line \(earlier)"
            )
        }
        sections.append(Section(name: name))
        place = .last
    }

    private mutating func add(_ property: Property, _ number: Int, to place: Place) throws(INIDocument.SyntaxError) {
        let section = place == .defaults ? defaults.name : sections[sections.count - 1].name
        if let earlier = propertyLines[section, default: [:]].updateValue(number, forKey: property.name) {
            throw INIDocument.SyntaxError(
                line: number,
                reason: "the property is set twice in its section, the first time at line \(earlier)"
            )
        }
        hasProperty = true
        change(place) { $0.append(property) }
    }

    private mutating func append(_ line: Line) {
        guard let place else { return }
        change(place) { properties in
            guard !properties.isEmpty else { return }
            properties[properties.count - 1].lines.append(line)
        }
    }

    private mutating func change(_ place: Place, _ body: (inout [Property]) -> Void) {
        switch place {
        case .defaults: body(&defaults.properties)
        case .last: body(&sections[sections.count - 1].properties)
        }
    }
}
