/// A line split into words as a POSIX shell and Python's `shlex.split` do: quotes and backslashes, no variables, no patterns.
enum CommandWords {
    /// Why a line cannot be split.
    enum Failure: Error, Hashable {
        /// A quote has no partner.
        case openQuote
        /// The line ends with a backslash.
        case trailingBackslash

        /// In words, for an operator.
        var reason: String {
            switch self {
            case .openQuote: "a quote is not closed"
            case .trailingBackslash: "it ends with a backslash"
            }
        }
    }

    /// The words of `line`, without their quotes.
    static func split(_ line: String) throws(Failure) -> [String] {
        var words: [String] = []
        // Nil between words: `''` is a word, a blank is none.
        var word: String.UnicodeScalarView?
        var rest = line.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case " ", "\t", "\r", "\n":
                if let ended = word { words.append(String(ended)) }
                word = nil
            case "'", "\"": word = (word ?? .init()) + (try quoted(&rest, scalar))
            case "\\":
                guard let next = rest.popFirst() else { throw .trailingBackslash }
                word = (word ?? .init()) + CollectionOfOne(next)
            default: word = (word ?? .init()) + CollectionOfOne(scalar)
            }
        }
        if let word { words.append(String(word)) }
        return words
    }

    /// The text up to the closing quote. Within double quotes a backslash escapes a double quote and itself.
    private static func quoted(
        _ rest: inout Substring.UnicodeScalarView,
        _ quote: Unicode.Scalar
    ) throws(Failure) -> String.UnicodeScalarView {
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if scalar == quote { return text }
            if scalar == "\\", quote == "\"" {
                guard let next = rest.popFirst() else { throw .trailingBackslash }
                if next != "\"" && next != "\\" { text.append(scalar) }
                text.append(next)
            } else {
                text.append(scalar)
            }
        }
        throw .openQuote
    }
}
