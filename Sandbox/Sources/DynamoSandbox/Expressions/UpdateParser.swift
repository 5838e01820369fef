import TableModel

/// Reads update expressions: SET, REMOVE, ADD and DELETE, each at most once, in any order.
struct UpdateParser {
    private var parser: ExpressionParser
    private var update = UpdateExpression()

    static func parse(
        _ expression: String,
        _ placeholders: inout Placeholders
    ) throws(SandboxError) -> UpdateExpression {
        var reader = UpdateParser(parser: try ExpressionParser(expression, .update, placeholders))
        try reader.clauses()
        placeholders = reader.parser.placeholders
        try PathOverlap.check(reader.update.paths, in: .update)
        return reader.update
    }

    private init(parser: ExpressionParser) {
        self.parser = parser
    }

    private mutating func clauses() throws(SandboxError) {
        var seen: Set<String> = []
        while parser.current.kind != .end {
            let keyword = parser.current.text.uppercased()
            guard ["SET", "REMOVE", "ADD", "DELETE"].contains(keyword) else { throw parser.syntaxError() }
            guard seen.insert(keyword).inserted else {
                throw parser.context.error("The \"\(keyword)\" section can only be used once in an update expression;")
            }
            parser.advance()
            switch keyword {
            case "SET": update.set = try assignments()
            case "REMOVE":
                update.remove = try parser.list { parser throws(SandboxError) in try parser.path() }
            case "ADD": update.add = try operands(of: "ADD")
            default: update.delete = try operands(of: "DELETE")
            }
        }
    }

    private mutating func assignments() throws(SandboxError) -> [(
        path: DocumentPath, value: UpdateExpression.Assignment
    )] {
        var assignments: [(path: DocumentPath, value: UpdateExpression.Assignment)] = []
        repeat {
            let path = try parser.path()
            try parser.expect(symbol: "=")
            assignments.append((path, try assignment()))
        } while parser.take(symbol: ",")
        return assignments
    }

    private mutating func assignment() throws(SandboxError) -> UpdateExpression.Assignment {
        let parenthesised = parser.take(symbol: "(")
        let left = try operand()
        let result: UpdateExpression.Assignment
        if parser.take(symbol: "+") {
            let right = try operand()
            try checkNumbers("+", [left, right])
            result = .plus(left, right)
        } else if parser.take(symbol: "-") {
            let right = try operand()
            try checkNumbers("-", [left, right])
            result = .minus(left, right)
        } else {
            result = .operand(left)
        }
        if parenthesised { try parser.expect(symbol: ")") }
        return result
    }

    private mutating func operand() throws(SandboxError) -> UpdateExpression.SetOperand {
        if parser.current.kind == .valuePlaceholder { return .value(try parser.value()) }
        guard parser.current.kind == .word, parser.following.isSymbol("(") else { return .path(try parser.path()) }
        let name = parser.current.text
        guard name == "if_not_exists" || name == "list_append" else {
            throw parser.context.error("Invalid function name; function: \(name)")
        }
        parser.advance()
        parser.advance()
        let first = try operand()
        try parser.expect(symbol: ",")
        let second = try operand()
        try parser.expect(symbol: ")")
        guard name == "if_not_exists" else {
            try checkLists([first, second])
            return .listAppend(first, second)
        }
        guard case .path(let path) = first else {
            throw parser.context.error(
                "Operator or function requires a document path; operator or function: if_not_exists"
            )
        }
        return .ifNotExists(path, second)
    }

    private func checkNumbers(_ name: String, _ operands: [UpdateExpression.SetOperand]) throws(SandboxError) {
        for case .value(let value) in operands {
            if case .number = value { continue }
            throw wrongOperand(name, value)
        }
    }

    private func checkLists(_ operands: [UpdateExpression.SetOperand]) throws(SandboxError) {
        for case .value(let value) in operands {
            if case .list = value { continue }
            throw wrongOperand("list_append", value)
        }
    }

    private func wrongOperand(_ name: String, _ value: AttributeValue) -> SandboxError {
        parser.context.error(
            "Incorrect operand type for operator or function; operator or function: \(name), operand type: \(value.typeCode)"
        )
    }

    private mutating func operands(
        of clause: String
    ) throws(SandboxError) -> [(path: DocumentPath, value: AttributeValue)] {
        var operands: [(path: DocumentPath, value: AttributeValue)] = []
        repeat {
            let path = try parser.path()
            let value = try parser.value()
            switch value {
            case .stringSet, .numberSet, .binarySet: break
            case .number where clause == "ADD": break
            default:
                throw parser.context.error(
                    "Incorrect operand type for operator or function; operator: \(clause), operand type: "
                        + "\(value.typeName), typeSet: ALLOWED_FOR_\(clause)_OPERAND"
                )
            }
            operands.append((path, value))
        } while parser.take(symbol: ",")
        return operands
    }
}
