/// A piece of an expression.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// An attribute name, a keyword or a function's name.
        case word
        /// `#name`.
        case namePlaceholder
        /// `:value`.
        case valuePlaceholder
        /// A list index.
        case number
        /// One of `( ) [ ] , . = <> < <= > >= + -`.
        case symbol
        case end
    }

    let kind: Kind
    let text: String
    /// Its place in the expression's UTF-8.
    let range: Range<Int>

    /// Whether this is the keyword `word`, in any case.
    func isKeyword(_ word: String) -> Bool { kind == .word && text.uppercased() == word }

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
}
