import Basics

/// Names of fields (RFC 9110 section 5.1), in order, each once whatever its case.
package struct FieldNames: Sendable, Hashable {
    /// The names as they were given.
    package private(set) var names: [String] = []

    /// No names.
    package init() {}

    /// Names that are known to be valid.
    package init(_ names: [String]) { add(names) }

    /// Reads names with commas between them; nil when one of them is no token, or there is none. `*` is a token, and means every
    /// name in `Access-Control-Allow-Headers`.
    package init?(_ text: String) {
        var names: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var part = part.drop { $0 == " " }
            while part.last == " " { part.removeLast() }
            guard !part.isEmpty, ByteSet.token.containsAll(of: part) else { return nil }
            names.append(String(part))
        }
        add(names)
    }

    /// These names, and those of `other` that are not among them.
    package func adding(_ other: FieldNames) -> FieldNames {
        var all = self
        all.add(other.names)
        return all
    }

    /// As a field's value has them.
    package var text: String { names.joined(separator: ", ") }

    private mutating func add(_ added: [String]) {
        for name in added where !names.contains(where: { $0.lowercased() == name.lowercased() }) { names.append(name) }
    }
}
