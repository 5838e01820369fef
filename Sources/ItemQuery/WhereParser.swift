import Basics
import TableModel

/// A predicate as it was parsed.
indirect enum WhereNode {
    enum Operand {
        case path(ItemPath)
        case size(ItemPath)
        case literal(AttributeValue)
    }

    case all([WhereNode])
    case any([WhereNode])
    case not(WhereNode)
    case compare(Comparison, Operand, Operand)
    case between(Operand, Operand, Operand)
    case among(Operand, [Operand])
    case exists(ItemPath, Bool)
    case hasType(ItemPath, tags: UInt16)
    case beginsWith(Operand, Operand)
    case contains(Operand, Operand)
}

/// A parsed `where` text.
struct WhereTree {
    let node: WhereNode
    /// The first name of every path.
    let roots: [[UInt8]]
    let operandCount: Int
}

/// Reads `where` texts; `WhereExpression` has the grammar. It descends by one call a level of nesting, which is bounded.
struct WhereParser {
    private var parser: QueryParser
    private var roots: [[UInt8]] = []
    private var operandCount = 0

    static func parse(_ text: String, limits: QueryLimits) throws(QuerySyntaxError) -> WhereTree {
        var reader = WhereParser(parser: try QueryParser(text, limits: limits))
        let node = try reader.disjunction()
        try reader.parser.expectEnd("AND, OR or the end")
        return WhereTree(node: node, roots: reader.roots, operandCount: reader.operandCount)
    }

    private init(parser: QueryParser) { self.parser = parser }

    private mutating func disjunction() throws(QuerySyntaxError) -> WhereNode {
        let first = try conjunction()
        var terms = [first]
        while try parser.take(keyword: "OR") { terms.append(try conjunction()) }
        return terms.count == 1 ? first : .any(terms)
    }

    private mutating func conjunction() throws(QuerySyntaxError) -> WhereNode {
        let first = try negation()
        var terms = [first]
        while try parser.take(keyword: "AND") { terms.append(try negation()) }
        return terms.count == 1 ? first : .all(terms)
    }

    private mutating func negation() throws(QuerySyntaxError) -> WhereNode {
        if parser.current.isKeyword("NOT") {
            try parser.enter()
            try parser.advance()
            let term = try negation()
            parser.leave()
            return .not(term)
        }
        if parser.current.isSign("(") {
            try parser.enter()
            try parser.advance()
            let inner = try disjunction()
            try parser.expect(sign: ")", "AND, OR or )")
            parser.leave()
            return inner
        }
        return try predicate()
    }

    private mutating func predicate() throws(QuerySyntaxError) -> WhereNode {
        try count()
        let left: WhereNode.Operand
        switch try term() {
        case .test(let test): return test
        case .operand(let operand): left = operand
        }
        if try parser.take(keyword: "BETWEEN") {
            let lower = try orderedOperand("BETWEEN")
            guard try parser.take(keyword: "AND") else { throw parser.unexpected("AND and the upper bound") }
            return .between(left, lower, try orderedOperand("BETWEEN"))
        }
        if try parser.take(keyword: "IN") {
            try parser.expect(sign: "(", "( and the candidates of IN")
            var candidates: [WhereNode.Operand] = []
            repeat { candidates.append(try operand()) } while try parser.take(sign: ",")
            try parser.expect(sign: ")", ", or ) after a candidate of IN")
            return .among(left, candidates)
        }
        guard case .comparison(let comparison) = parser.current else {
            throw parser.unexpected("a comparison (=, !=, <, <=, >, >=), IN or BETWEEN")
        }
        try parser.advance()
        return .compare(comparison, left, comparison.isOrdering ? try orderedOperand("an order") : try operand())
    }

    /// What a predicate may begin with.
    private enum Term {
        case test(WhereNode)
        case operand(WhereNode.Operand)
    }

    private mutating func term() throws(QuerySyntaxError) -> Term {
        if let literal = try literal() { return .operand(.literal(literal)) }
        guard let name = parser.name else {
            throw parser.unexpected("an attribute's name, a literal (\(QueryParser.literalKinds)) or a function")
        }
        guard case .word(let word) = parser.current else { return .operand(.path(try path())) }
        try parser.advance()
        if let set = try set(word) { return .operand(.literal(set)) }
        guard parser.current.isSign("(") else { return .operand(.path(try path(after: name))) }
        guard let function = WhereFunction(rawValue: word.lowercased()) else {
            throw parser.unexpected(
                "no parenthesis: '\(Excerpt.of(word, 32))' is no function, and those are \(WhereFunction.list)"
            )
        }
        try parser.advance()
        if function == .size {
            let path = try path()
            try parser.expect(sign: ")", ") after the path")
            return .operand(.size(path))
        }
        let test = try self.test(function)
        try parser.expect(sign: ")", ") after the arguments of \(function.rawValue)")
        return .test(test)
    }

    private mutating func test(_ function: WhereFunction) throws(QuerySyntaxError) -> WhereNode {
        switch function {
        case .exists, .attributeExists: return .exists(try path(), true)
        case .attributeNotExists: return .exists(try path(), false)
        case .attributeType:
            let path = try path()
            try expectComma()
            guard case .string(let name) = parser.current, let tags = WhereFunction.typeTags[name] else {
                throw parser.unexpected("a type: 'S', 'N', 'B', 'SS', 'NS', 'BS', 'BOOL', 'NULL', 'L' or 'M'")
            }
            try parser.advance()
            return .hasType(path, tags: tags)
        case .beginsWith:
            let value = try operand()
            try expectComma()
            return .beginsWith(value, try prefix())
        case .contains:
            let value = try operand()
            try expectComma()
            return .contains(value, try operand())
        case .size: preconditionFailure("size is an operand")
        }
    }

    private mutating func expectComma() throws(QuerySyntaxError) {
        try parser.expect(sign: ",", "a comma and the second argument")
    }

    private mutating func operand() throws(QuerySyntaxError) -> WhereNode.Operand {
        let place = parser
        switch try term() {
        case .operand(let operand): return operand
        case .test: throw place.unexpected("an attribute, a literal or size(…): a function that tests is no value")
        }
    }

    private mutating func prefix() throws(QuerySyntaxError) -> WhereNode.Operand {
        let place = parser
        let operand = try operand()
        switch operand {
        case .path, .literal(.string), .literal(.binary): return operand
        default: throw place.unexpected("a string, a binary value or an attribute to begin with")
        }
    }

    /// Only strings, numbers and binaries have an order, so no other literal can be meant.
    private mutating func orderedOperand(_ what: String) throws(QuerySyntaxError) -> WhereNode.Operand {
        let place = parser
        let operand = try operand()
        switch operand {
        case .path, .size, .literal(.string), .literal(.number), .literal(.binary): return operand
        default: throw place.unexpected("a string, a number, a binary value or an attribute: nothing else has an order")
        }
    }

    private mutating func path() throws(QuerySyntaxError) -> ItemPath {
        let path = try parser.path()
        note(path)
        return path
    }

    private mutating func path(after name: String) throws(QuerySyntaxError) -> ItemPath {
        let path = try parser.path(after: name)
        note(path)
        return path
    }

    private mutating func note(_ path: ItemPath) {
        roots.append(path.root)
        operandCount += 1
    }

    private mutating func literal() throws(QuerySyntaxError) -> AttributeValue? { try parser.literal() }

    private mutating func set(_ word: String) throws(QuerySyntaxError) -> AttributeValue? {
        try parser.set(word)
    }

    private mutating func count() throws(QuerySyntaxError) { try parser.count() }
}

/// The functions of the language.
enum WhereFunction: String, CaseIterable {
    case exists
    case size
    case contains
    case beginsWith = "begins_with"
    case attributeExists = "attribute_exists"
    case attributeNotExists = "attribute_not_exists"
    case attributeType = "attribute_type"

    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The tags of each of DynamoDB's types, as bits.
    static let typeTags: [String: UInt16] = [
        "S": 1 << UInt16(PackedTag.string), "N": 1 << UInt16(PackedTag.number), "B": 1 << UInt16(PackedTag.binary),
        "SS": 1 << UInt16(PackedTag.stringSet), "NS": 1 << UInt16(PackedTag.numberSet),
        "BS": 1 << UInt16(PackedTag.binarySet), "L": 1 << UInt16(PackedTag.list), "M": 1 << UInt16(PackedTag.map),
        "NULL": 1 << UInt16(PackedTag.null),
        "BOOL": 1 << UInt16(PackedTag.true) | 1 << UInt16(PackedTag.false),
    ]
}
