import TableModel

/// Reads a key attribute's value from a path segment or a parameter, by the key's type.
enum KeyParser {
    /// The value of `attribute` in `bytes`: S is UTF-8, N a number, B base64url. Anything else is a 400 that says what is expected.
    static func parse(_ bytes: [UInt8], as attribute: KeyAttribute) throws(Problem) -> AttributeValue {
        guard !bytes.isEmpty else {
            throw problem(attribute, "is empty, which no key of DynamoDB is")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw problem(attribute, "is not UTF-8")
        }
        switch attribute.type {
        case .string: return .string(text)
        case .number:
            guard let number = DecimalNumber(text) else {
                throw problem(attribute, "is a number (N), and '\(QueryParameters.shown(text))' is none")
            }
            return .number(number.text)
        case .binary:
            guard let decoded = Base64.decodeURL(text) else {
                throw problem(attribute, "is binary (B): give it as base64url")
            }
            return .binary(decoded)
        }
    }

    /// The key of an item.
    static func key(
        partition: AttributeValue,
        sort: AttributeValue?,
        schema: KeySchema
    ) throws(Problem) -> ItemKey {
        do { return try ItemKey(partition: partition, sort: sort, schema: schema) } catch {
            throw Problem(400, .invalidKey, "The key cannot be read: \(describe(error)).")
        }
    }

    /// The bytes that all keys of a partition start with.
    static func prefix(_ partition: AttributeValue, schema: KeySchema) throws(Problem) -> [UInt8] {
        do { return try ItemKey.partitionPrefix(partition, schema: schema) } catch {
            throw Problem(400, .invalidKey, "The key cannot be read: \(describe(error)).")
        }
    }

    private static func problem(_ attribute: KeyAttribute, _ what: String) -> Problem {
        Problem(400, .invalidKey, "The key attribute '\(attribute.name)' \(what).", parameter: attribute.name)
    }

    private static func describe(_ error: KeyError) -> String {
        switch error {
        case .missing(let attribute): "'\(attribute)' is missing"
        case .wrongType(let attribute, let expected): "'\(attribute)' must be of type \(expected.rawValue)"
        case .invalidNumber(let attribute, let text): "'\(attribute)' is a number, and '\(text)' is none"
        case .unexpected(let attribute): "'\(attribute)' is not part of the table's key"
        case .malformed: "it is malformed"
        }
    }
}
