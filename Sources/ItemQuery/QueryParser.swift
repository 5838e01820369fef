import TableModel

/// What the parsers of `where` and `fields` share: tokens, paths and literals, within the limits.
struct QueryParser {
    let limits: QueryLimits
    private var lexer: QueryLexer
    /// The token that is looked at.
    private(set) var current: QueryToken
    /// Open parentheses, NOTs, lists and maps.
    private var depth = 0
    private var operands = 0

    init(_ text: String, limits: QueryLimits) throws(QuerySyntaxError) {
        self.limits = limits
        lexer = try QueryLexer(text, limits: limits)
        current = try lexer.next()
    }

    mutating func advance() throws(QuerySyntaxError) { current = try lexer.next() }

    /// The error that something else was expected in place of the current token.
    func unexpected(_ expected: String) -> QuerySyntaxError { lexer.error(expected: expected) }

    mutating func take(sign: Unicode.Scalar) throws(QuerySyntaxError) -> Bool {
        guard current.isSign(sign) else { return false }
        try advance()
        return true
    }

    mutating func take(keyword: String) throws(QuerySyntaxError) -> Bool {
        guard current.isKeyword(keyword) else { return false }
        try advance()
        return true
    }

    mutating func expect(sign: Unicode.Scalar, _ expected: String) throws(QuerySyntaxError) {
        guard try take(sign: sign) else { throw unexpected(expected) }
    }

    /// Counts one level of nesting; `leave` takes it back.
    mutating func enter() throws(QuerySyntaxError) {
        depth += 1
        guard depth <= limits.depth else { throw unexpected("nesting of at most \(limits.depth) levels") }
    }

    mutating func leave() { depth -= 1 }

    /// Counts an operand, a comparison or a function.
    mutating func count() throws(QuerySyntaxError) {
        operands += 1
        guard operands <= limits.operands else {
            throw unexpected("the end: at most \(limits.operands) operands and comparisons are allowed")
        }
    }

    /// Words that are no names unless they stand in backticks or after a dot.
    static let keywords: Set<String> = ["AND", "OR", "NOT", "IN", "BETWEEN", "TRUE", "FALSE", "NULL"]

    /// A name where a path may begin; nil for anything else.
    var name: String? {
        switch current {
        case .quotedName(let name): name
        case .word(let word): word.utf8.count <= 7 && Self.keywords.contains(word.uppercased()) ? nil : word
        default: nil
        }
    }

    /// A path whose first name is the current token.
    mutating func path() throws(QuerySyntaxError) -> ItemPath {
        guard let name else { throw unexpected("an attribute's name") }
        try advance()
        return try path(after: name)
    }

    /// The rest of a path after its first name.
    mutating func path(after root: String) throws(QuerySyntaxError) -> ItemPath {
        try count()
        var steps: [ItemPath.Step] = []
        while true {
            if current.isSign(".") {
                try advance()
                steps.append(.member(try memberName()))
            } else if current.isSign("[") {
                try advance()
                steps.append(.element(try index()))
                try expect(sign: "]", "] after the index")
            } else {
                return ItemPath(root: Array(root.utf8), steps: steps)
            }
            guard steps.count < limits.pathSteps else {
                throw unexpected("the end of the path: it may have \(limits.pathSteps) steps at most")
            }
        }
    }

    private mutating func memberName() throws(QuerySyntaxError) -> [UInt8] {
        switch current {
        case .word(let name), .quotedName(let name):
            try advance()
            return Array(name.utf8)
        default: throw unexpected("a name after the dot")
        }
    }

    private mutating func index() throws(QuerySyntaxError) -> Int {
        guard case .number(let number) = current, let index = Int(number.text), (0...limits.listIndex).contains(index)
        else { throw unexpected("an index, a whole number from 0 to \(limits.listIndex)") }
        try advance()
        return index
    }

    mutating func expectEnd(_ expected: String) throws(QuerySyntaxError) {
        guard case .end = current else { throw unexpected(expected) }
    }
}
