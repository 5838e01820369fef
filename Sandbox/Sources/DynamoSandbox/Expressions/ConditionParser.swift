import TableModel

/// Reads conditions, filters and key conditions: OR binds weakest, then AND, then NOT.
struct ConditionParser {
    private var parser: ExpressionParser

    /// Reads a whole expression; the placeholders it used are marked.
    static func parse(
        _ expression: String,
        _ context: ExpressionContext,
        _ placeholders: inout Placeholders
    ) throws(SandboxError) -> Condition {
        var reader = ConditionParser(parser: try ExpressionParser(expression, context, placeholders))
        let condition = try reader.disjunction()
        try reader.parser.expectEnd()
        placeholders = reader.parser.placeholders
        return condition
    }

    private mutating func disjunction() throws(SandboxError) -> Condition {
        var left = try conjunction()
        while parser.take(keyword: "OR") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(SandboxError) -> Condition {
        var left = try negation()
        while parser.take(keyword: "AND") { left = .and(left, try negation()) }
        return left
    }

    private mutating func negation() throws(SandboxError) -> Condition {
        if parser.take(keyword: "NOT") { return .not(try negation()) }
        if parser.take(symbol: "(") {
            let condition = try disjunction()
            try parser.expect(symbol: ")")
            return condition
        }
        return try predicate()
    }

    private mutating func predicate() throws(SandboxError) -> Condition {
        if parser.current.kind == .word, parser.following.isSymbol("("), parser.current.text != "size" {
            return try function()
        }
        let left = try operand()
        if parser.take(keyword: "BETWEEN") {
            let lower = try operand()
            guard parser.take(keyword: "AND") else { throw parser.syntaxError() }
            return try between(left, lower, try operand())
        }
        if parser.take(keyword: "IN") {
            try parser.expect(symbol: "(")
            var candidates = [try operand()]
            while parser.take(symbol: ",") { candidates.append(try operand()) }
            try parser.expect(symbol: ")")
            return .among(left, candidates)
        }
        guard parser.current.kind == .symbol, let comparator = Comparator(rawValue: parser.current.text) else {
            throw parser.syntaxError()
        }
        parser.advance()
        let right = try operand()
        try checkOrder(comparator, [left, right])
        return .compare(comparator, left, right)
    }

    private func between(_ value: Operand, _ lower: Operand, _ upper: Operand) throws(SandboxError) -> Condition {
        try checkOrderable("BETWEEN", [value, lower, upper])
        if case .value(let low) = lower, case .value(let high) = upper {
            guard low.typeCode == high.typeCode else {
                throw parser.context.error(
                    "The BETWEEN operator requires same data type for lower and upper bounds; "
                        + "lower bound operand: AttributeValue: \(low.wordy), upper bound operand: AttributeValue: \(high.wordy)"
                )
            }
            if AttributeComparison.order(high, low) == .less {
                throw parser.context.error(
                    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                        + "lower bound operand: AttributeValue: \(low.wordy), upper bound operand: AttributeValue: \(high.wordy)"
                )
            }
        }
        return .between(value, lower, upper)
    }

    private func checkOrder(_ comparator: Comparator, _ operands: [Operand]) throws(SandboxError) {
        switch comparator {
        case .equal, .notEqual: return
        default: try checkOrderable(comparator.rawValue, operands)
        }
    }

    /// Only strings, numbers and binaries have an order.
    private func checkOrderable(_ name: String, _ operands: [Operand]) throws(SandboxError) {
        for case .value(let value) in operands where AttributeComparison.order(value, value) == nil {
            throw parser.context.error(
                "Incorrect operand type for operator or function; operator or function: \(name), "
                    + "operand type: \(value.typeCode)"
            )
        }
    }

    private mutating func operand() throws(SandboxError) -> Operand {
        if parser.current.kind == .valuePlaceholder { return .value(try parser.value()) }
        if parser.current.kind == .word, parser.following.isSymbol("(") {
            let name = parser.current.text
            guard name == "size" else { throw unknownFunction(name) }
            parser.advance()
            parser.advance()
            let argument = try operand()
            try parser.expect(symbol: ")")
            return .size(argument)
        }
        guard parser.startsPath else { throw parser.syntaxError() }
        return .path(try parser.path())
    }

    private mutating func function() throws(SandboxError) -> Condition {
        let name = parser.current.text
        let arities = [
            "attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
        ]
        guard let arity = arities[name] else { throw unknownFunction(name) }
        parser.advance()
        parser.advance()
        var arguments = [try operand()]
        while parser.take(symbol: ",") { arguments.append(try operand()) }
        try parser.expect(symbol: ")")
        guard arguments.count == arity else {
            throw parser.context.error(
                "Incorrect number of operands for operator or function; operator or function: \(name), "
                    + "number of operands: \(arguments.count)"
            )
        }
        switch name {
        case "attribute_exists": return .exists(try pathArgument(name, arguments[0]))
        case "attribute_not_exists": return .notExists(try pathArgument(name, arguments[0]))
        case "attribute_type": return try typeTest(arguments)
        case "begins_with":
            try checkPrefix(arguments[1])
            return .beginsWith(arguments[0], arguments[1])
        default: return .contains(arguments[0], arguments[1])
        }
    }

    private func typeTest(_ arguments: [Operand]) throws(SandboxError) -> Condition {
        let path = try pathArgument("attribute_type", arguments[0])
        guard case .value(let value) = arguments[1], case .string(let type) = value else {
            let found = if case .value(let value) = arguments[1] { value.typeCode } else { "S" }
            throw parser.context.error(
                "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: \(found)"
            )
        }
        guard ["S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M"].contains(type) else {
            throw parser.context.error(
                "Invalid attribute type name found; type: \(type), valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
            )
        }
        return .hasType(path, type)
    }

    private func pathArgument(_ function: String, _ operand: Operand) throws(SandboxError) -> DocumentPath {
        guard case .path(let path) = operand else {
            throw parser.context.error(
                "Operator or function requires a document path; operator or function: \(function)"
            )
        }
        return path
    }

    private func checkPrefix(_ operand: Operand) throws(SandboxError) {
        guard case .value(let value) = operand else { return }
        switch value {
        case .string, .binary: return
        default:
            throw parser.context.error(
                "Incorrect operand type for operator or function; operator or function: begins_with, "
                    + "operand type: \(value.typeCode)"
            )
        }
    }

    private func unknownFunction(_ name: String) -> SandboxError {
        parser.context.error("Invalid function name; function: \(name)")
    }
}
