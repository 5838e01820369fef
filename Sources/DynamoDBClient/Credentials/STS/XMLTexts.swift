/// The texts of an XML document, each with the names of the elements around it (XML 1.0, fifth edition; a name's prefix is left out).
///
/// Reads the small responses of Query services. A document type declaration is refused, so no entity can be defined and none expands.
struct XMLTexts: Sendable, Hashable {
    /// A document that is not well-formed, or larger than the limits.
    struct Malformed: Error, Hashable {}

    /// Elements of one document, and how deep they may nest.
    private static let limits = (elements: 1_000, depth: 16)

    private struct Entry: Sendable, Hashable {
        let path: [String]
        let text: String
    }

    private var entries: [Entry] = []

    /// Reads a whole document.
    init(_ bytes: [UInt8]) throws(Malformed) {
        var scanner = XMLScanner(bytes)
        var open: [(name: String, text: String)] = []
        var elements = 0
        while let token = try scanner.next() {
            switch token {
            case .start(let name):
                elements += 1
                guard elements <= Self.limits.elements, open.count < Self.limits.depth, !open.isEmpty || elements == 1
                else { throw Malformed() }
                open.append((name, ""))
            case .text(let text):
                // White space may surround the outermost element, and nothing else.
                guard !open.isEmpty else {
                    guard text.allSatisfy(\.isWhitespace) else { throw Malformed() }
                    continue
                }
                open[open.count - 1].text += text
            case .end(let name):
                guard let last = open.last, last.name == name else { throw Malformed() }
                entries.append(Entry(path: open.map(\.name), text: last.text))
                open.removeLast()
            }
        }
        guard open.isEmpty, elements > 0 else { throw Malformed() }
    }

    /// The text of the first element whose innermost names are `path`, without the white space around it; nil where there is none.
    subscript(path: String...) -> String? {
        guard let entry = entries.first(where: { $0.path.suffix(path.count).elementsEqual(path) }) else { return nil }
        let text = entry.text.drop(while: \.isWhitespace)
        guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[...last])
    }
}
