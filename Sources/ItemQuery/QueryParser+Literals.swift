import TableModel

/// Literals: typed as DynamoDB types them.
extension QueryParser {
    static let literalKinds = "'text', a number, true, false, null, b'base64', [list], {map}, SS(…), NS(…) or BS(…)"

    /// The literal that begins with the current token; nil when none does. A word is taken for a set's type only by `set(_:)`.
    mutating func literal() throws(QuerySyntaxError) -> AttributeValue? {
        let value: AttributeValue
        switch current {
        case .string(let text): value = .string(text)
        case .number(let number): value = .number(number.text)
        case .binary(let bytes): value = .binary(bytes)
        case .word(let word) where word.utf8.count <= 5:
            switch word.uppercased() {
            case "TRUE": value = .bool(true)
            case "FALSE": value = .bool(false)
            case "NULL": value = .null
            default: return nil
            }
        case .sign(UInt8(ascii: "[")): return try list()
        case .sign(UInt8(ascii: "{")): return try map()
        default: return nil
        }
        try count()
        try advance()
        return value
    }

    /// A literal, a set included.
    private mutating func value() throws(QuerySyntaxError) -> AttributeValue {
        if let value = try literal() { return value }
        if case .word(let word) = current, SetType(word) != nil {
            try advance()
            if let set = try set(word) { return set }
        }
        throw unexpected("a literal: \(Self.literalKinds)")
    }

    private mutating func list() throws(QuerySyntaxError) -> AttributeValue {
        try enter()
        try count()
        try advance()
        var elements: [AttributeValue] = []
        if try !take(sign: "]") {
            repeat { elements.append(try value()) } while try take(sign: ",")
            try expect(sign: "]", ", or ] in the list")
        }
        leave()
        return .list(elements)
    }

    private mutating func map() throws(QuerySyntaxError) -> AttributeValue {
        try enter()
        try count()
        try advance()
        var members: [AttributeName: AttributeValue] = [:]
        if try !take(sign: "}") {
            repeat {
                let name: AttributeName
                switch current {
                case .word(let word), .quotedName(let word), .string(let word): name = AttributeName(word)
                default: throw unexpected("a member's name")
                }
                guard members[name] == nil else { throw unexpected("another name: this one was given") }
                try advance()
                try expect(sign: ":", ": after the member's name")
                members[name] = try value()
            } while try take(sign: ",")
            try expect(sign: "}", ", or } in the map")
        }
        leave()
        return .map(members)
    }

    /// Which set a word such as `SS` before a parenthesis begins.
    enum SetType: String {
        case strings = "SS"
        case numbers = "NS"
        case binaries = "BS"

        init?(_ word: String) { self.init(rawValue: word.utf8.count == 2 ? word.uppercased() : "") }
    }

    /// The set after its type; nil when `word` names none or no parenthesis follows.
    mutating func set(_ word: String) throws(QuerySyntaxError) -> AttributeValue? {
        guard let type = SetType(word), try take(sign: "(") else { return nil }
        // By bytes: equal Strings may differ in theirs, and DynamoDB compares bytes. Digits are canonical, so equal numbers are one.
        var elements: Set<[UInt8]> = []
        repeat {
            switch (type, current) {
            case (.strings, .string(let text)): elements.insert(Array(text.utf8))
            case (.numbers, .number(let number)): elements.insert(Array(number.text.utf8))
            case (.binaries, .binary(let bytes)): elements.insert(bytes)
            case (.strings, _): throw unexpected("a 'text' in the set of strings")
            case (.numbers, _): throw unexpected("a number in the set of numbers")
            case (.binaries, _): throw unexpected("a b'base64' in the set of binaries")
            }
            try count()
            try advance()
        } while try take(sign: ",")
        try expect(sign: ")", ", or ) in the set")
        switch type {
        case .strings: return .stringSet(elements.map { String(decoding: $0, as: UTF8.self) })
        case .numbers: return .numberSet(elements.map { String(decoding: $0, as: UTF8.self) })
        case .binaries: return .binarySet(Array(elements))
        }
    }
}
