import TableModel

/// A word, literal or sign of a query text.
enum QueryToken {
    /// A bare word: a name, a keyword or a function.
    case word(String)
    /// A name between backticks.
    case quotedName(String)
    case string(String)
    case binary([UInt8])
    case number(DecimalNumber)
    case comparison(Comparison)
    /// One of `( ) [ ] { } , . :`.
    case sign(UInt8)
    case end

    /// Whether it is the word `keyword`, which is in upper case, in any case.
    func isKeyword(_ keyword: String) -> Bool {
        if case .word(let text) = self { return text.utf8.count == keyword.utf8.count && text.uppercased() == keyword }
        return false
    }

    func isSign(_ sign: Unicode.Scalar) -> Bool {
        if case .sign(let byte) = self { return UInt32(byte) == sign.value }
        return false
    }
}

/// The six comparisons.
enum Comparison: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    /// Whether it needs an order, which only strings, numbers and binaries have.
    var isOrdering: Bool {
        switch self {
        case .equal, .notEqual: false
        default: true
        }
    }
}
