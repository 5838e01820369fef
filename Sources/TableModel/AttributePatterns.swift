import Basics

/// A set of attribute names: single ones, and all that begin with a prefix. It compares bytes, as DynamoDB does with names.
package struct AttributePatterns: Sendable, Hashable, CustomStringConvertible {
    /// Patterns in one set at most.
    package static let limit = 64

    private struct Pattern: Sendable, Hashable, Comparable {
        let bytes: [UInt8]
        let isPrefix: Bool

        static func < (left: Pattern, right: Pattern) -> Bool {
            left.bytes == right.bytes
                ? !left.isPrefix && right.isPrefix : left.bytes.lexicographicallyPrecedes(right.bytes)
        }
    }

    /// Sorted and different, so that equal sets have equal texts.
    private let patterns: [Pattern]

    /// The empty set.
    package static let none = AttributePatterns(patterns: [])

    private init(patterns: [Pattern]) { self.patterns = patterns }

    /// Reads names with commas between them; a `*` at the end of one stands for the rest of the name. Nil for an empty name, for a `*`
    /// in another place and for more patterns than `limit`.
    package init?(_ text: String) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed }
        guard words.count <= Self.limit, words.allSatisfy({ !$0.isEmpty }) else { return nil }
        var patterns: Set<Pattern> = []
        for word in words {
            let isPrefix = word.last == "*"
            let name = isPrefix ? word.dropLast() : word
            guard !name.utf8.contains(UInt8(ascii: "*")) else { return nil }
            patterns.insert(Pattern(bytes: Array(name.utf8), isPrefix: isPrefix))
        }
        self.patterns = patterns.sorted()
    }

    /// Whether no name is in the set.
    package var isEmpty: Bool { patterns.isEmpty }

    /// The set as it can be read again: sorted, with commas. Empty for the empty set.
    package var description: String {
        patterns.map { String(decoding: $0.bytes, as: UTF8.self) + ($0.isPrefix ? "*" : "") }.joined(separator: ",")
    }

    /// Whether the name is in the set.
    package func contains(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { contains(UnsafeRawBufferPointer($0)) }
    }

    /// The same of a name's UTF-8. It allocates nothing: each attribute of each item is asked for.
    func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        for pattern in patterns {
            guard pattern.isPrefix ? name.count >= pattern.bytes.count : name.count == pattern.bytes.count else {
                continue
            }
            if name.prefix(pattern.bytes.count).elementsEqual(pattern.bytes) { return true }
        }
        return false
    }
}

extension Substring {
    /// Without the spaces around it, which people write behind commas.
    fileprivate var trimmed: Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
