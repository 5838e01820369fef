import TableModel

/// The cursor over an expression's tokens, and what all three grammars share: paths, values, lists.
struct ExpressionParser {
    let context: ExpressionContext
    private let source: [UInt8]
    private let tokens: [Token]
    private var position = 0
    var placeholders: Placeholders

    init(
        _ expression: String,
        _ context: ExpressionContext,
        _ placeholders: Placeholders
    ) throws(SandboxError) {
        self.context = context
        self.placeholders = placeholders
        source = Array(expression.utf8)
        tokens = try Lexer.tokens(of: expression, in: context)
        if tokens.count == 1 { throw context.error("The expression can not be empty;") }
    }

    var current: Token { tokens[position] }

    /// The token after the current one.
    var following: Token { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    /// Consumes the keyword when it is next.
    mutating func take(keyword: String) -> Bool {
        guard current.isKeyword(keyword) else { return false }
        advance()
        return true
    }

    /// Consumes the symbol when it is next.
    mutating func take(symbol: String) -> Bool {
        guard current.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(symbol: String) throws(SandboxError) {
        guard take(symbol: symbol) else { throw syntaxError() }
    }

    mutating func expectEnd() throws(SandboxError) {
        guard current.kind == .end else { throw syntaxError() }
    }

    /// The error at the current token, with its neighbours as DynamoDB shows them.
    func syntaxError() -> SandboxError {
        let first = tokens[max(0, position - 1)].range.lowerBound
        let last = tokens[min(position + 1, tokens.count - 1)].range.upperBound
        let near = String(decoding: source[first..<max(first, last)], as: UTF8.self)
        return context.error("Syntax error; token: \"\(current.text)\", near: \"\(near)\"")
    }

    /// Whether a document path can begin here.
    var startsPath: Bool {
        current.kind == .namePlaceholder || (current.kind == .word && !following.isSymbol("("))
    }

    mutating func path() throws(SandboxError) -> DocumentPath {
        var path = DocumentPath(root: try pathName())
        while true {
            if take(symbol: ".") {
                path.steps.append(.name(try pathName()))
            } else if take(symbol: "[") {
                guard current.kind == .number, let index = Int(current.text) else { throw syntaxError() }
                advance()
                try expect(symbol: "]")
                path.steps.append(.index(index))
            } else {
                return path
            }
        }
    }

    private mutating func pathName() throws(SandboxError) -> AttributeName {
        let token = current
        switch token.kind {
        case .word:
            guard !ReservedWords.contains(token.text) else {
                throw context.error("Attribute name is a reserved keyword; reserved keyword: \(token.text)")
            }
            advance()
            return AttributeName(token.text)
        case .namePlaceholder:
            advance()
            return AttributeName(try placeholders.name(token.text, in: context))
        default: throw syntaxError()
        }
    }

    mutating func value() throws(SandboxError) -> AttributeValue {
        let token = current
        guard token.kind == .valuePlaceholder else { throw syntaxError() }
        advance()
        return try placeholders.value(token.text, in: context)
    }

    /// One element, and more after commas.
    mutating func list<Element>(
        _ element: (inout ExpressionParser) throws(SandboxError) -> Element
    ) throws(SandboxError) -> [Element] {
        var elements = [try element(&self)]
        while take(symbol: ",") { elements.append(try element(&self)) }
        return elements
    }
}
