import TableModel

/// An item's attributes, or a key's, by name.
typealias Attributes = [AttributeName: AttributeValue]

/// Takes attribute values in: checks them in DynamoDB's words and normalises them, so that equal values are equal bytes.
///
/// Numbers get their canonical digits and sets their order; the real service does the first, and leaves the second open.
enum AttributeIntake {
    static func attributes(_ json: JSONValue) throws(SandboxError) -> Attributes {
        guard case .object(let members) = json else { throw SandboxError.serialization("Unexpected field type") }
        var attributes = Attributes(minimumCapacity: members.count)
        for (name, member) in members { attributes[name] = try value(member) }
        return attributes
    }

    static func value(_ json: JSONValue) throws(SandboxError) -> AttributeValue {
        try normalise(decode(json, depth: 0))
    }

    private static func decode(_ json: JSONValue, depth: Int) throws(SandboxError) -> AttributeValue {
        guard depth <= SandboxLimits.nestingDepth else {
            throw SandboxError.validation("Nesting Levels have exceeded supported limits")
        }
        guard case .object(let all) = json else { throw SandboxError.serialization("Unexpected field type") }
        let members = all.filter { $0.value != .null }
        guard let (type, content) = members.first else {
            throw SandboxError.validation(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            )
        }
        guard members.count == 1 else {
            throw SandboxError.validation(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
            )
        }
        switch type.text {
        case "S": return .string(try text(content))
        case "N": return .number(try text(content))
        case "B": return .binary(try bytes(content))
        case "BOOL":
            guard case .bool(let flag) = content else {
                throw SandboxError.serialization("\(content.kind) cannot be converted to Boolean")
            }
            return .bool(flag)
        case "NULL":
            guard content == .bool(true) else {
                throw SandboxError.parameters("Null attribute value types must have the value of true")
            }
            return .null
        case "SS": return .stringSet(try array(content).map { value throws(SandboxError) in try text(value) })
        case "NS": return .numberSet(try array(content).map { value throws(SandboxError) in try text(value) })
        case "BS": return .binarySet(try array(content).map { value throws(SandboxError) in try bytes(value) })
        case "L":
            return .list(try array(content).map { value throws(SandboxError) in try decode(value, depth: depth + 1) })
        case "M":
            guard case .object(let entries) = content else { throw SandboxError.serialization("Unexpected field type") }
            var map = Attributes(minimumCapacity: entries.count)
            for (name, entry) in entries { map[name] = try decode(entry, depth: depth + 1) }
            return .map(map)
        default:
            throw SandboxError.validation(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            )
        }
    }

    /// Checks and normalises a value, wherever it came from.
    static func normalise(_ value: AttributeValue) throws(SandboxError) -> AttributeValue {
        switch value {
        case .number(let text): return .number(try number(text).text)
        case .stringSet(let members):
            let sorted = members.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            try checkSet(sorted.map { AttributeName($0) }, kind: "string") { $0.text }
            return .stringSet(sorted)
        case .numberSet(let members):
            let sorted = try members.map { text throws(SandboxError) in try number(text) }.sorted()
            try checkSet(sorted, kind: "number") { $0.text }
            return .numberSet(sorted.map(\.text))
        case .binarySet(let members):
            let sorted = members.sorted { $0.lexicographicallyPrecedes($1) }
            try checkSet(sorted, kind: "binary") { "\($0)" }
            return .binarySet(sorted)
        case .list(let elements):
            return .list(try elements.map { value throws(SandboxError) in try normalise(value) })
        case .map(let entries):
            var map = Attributes(minimumCapacity: entries.count)
            for (name, entry) in entries { map[name] = try normalise(entry) }
            return .map(map)
        case .string, .binary, .bool, .null:
            return value
        }
    }

    static func normalise(_ attributes: Attributes) throws(SandboxError) -> Attributes {
        var result = Attributes(minimumCapacity: attributes.count)
        for (name, value) in attributes { result[name] = try normalise(value) }
        return result
    }

    private static func number(_ text: String) throws(SandboxError) -> DecimalNumber {
        guard let number = DecimalNumber(text) else { throw NumberRefusal.error(text) }
        return number
    }

    private static func checkSet<Member: Equatable>(
        _ sorted: [Member],
        kind: String,
        _ text: (Member) -> String
    ) throws(SandboxError) {
        guard !sorted.isEmpty else { throw SandboxError.parameters("An \(kind) set  may not be empty") }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left == right {
            let members = sorted.map(text).joined(separator: ", ")
            throw SandboxError.parameters("Input collection [\(members)] contains duplicates.")
        }
    }

    private static func text(_ json: JSONValue) throws(SandboxError) -> String {
        guard case .string(let text) = json else {
            throw SandboxError.serialization("\(json.kind) cannot be converted to String")
        }
        return text
    }

    private static func bytes(_ json: JSONValue) throws(SandboxError) -> [UInt8] {
        guard let bytes = Base64.decode(try text(json)) else {
            throw SandboxError.serialization(
                "Base64 encoded length is expected a multiple of 4 bytes but found: \(json)"
            )
        }
        return bytes
    }

    private static func array(_ json: JSONValue) throws(SandboxError) -> [JSONValue] {
        guard case .array(let elements) = json else { throw SandboxError.serialization("Unexpected field type") }
        return elements
    }
}
