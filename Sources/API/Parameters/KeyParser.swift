import Basics
import ItemQuery
import TableModel

/// Reads a key attribute's value from a path segment or a parameter, by the key's type.
enum KeyParser {
    /// The longest partition key value of DynamoDB.
    static let maximumPartitionBytes = 2048
    /// The longest sort key value of DynamoDB.
    static let maximumSortBytes = 1024

    /// The value of `attribute` in `bytes`: S is UTF-8, N a number, B base64url. Anything else is a 400 that says what is expected.
    /// `parameter` is the query parameter that the bytes came in; nil where they were a segment of the path. `encoding` is that of S.
    static func parse(
        _ bytes: [UInt8],
        as attribute: KeyAttribute,
        parameter: String? = nil,
        encoding: KeyTextEncoding = .text,
        maximumBytes: Int = KeyParser.maximumPartitionBytes
    ) throws(Problem) -> AttributeValue {
        func problem(_ expected: String) -> Problem {
            let subject =
                parameter.map { "The query parameter '\($0)'" } ?? "The key attribute '\(Excerpt.of(attribute.name))'"
            let value = Excerpt.of(String(decoding: bytes.prefix(400), as: UTF8.self))
            let key = parameter == nil ? "it" : "the key attribute '\(Excerpt.of(attribute.name))'"
            return Problem(
                400,
                .invalidKey,
                "\(subject) cannot be '\(value)': \(key) \(expected).",
                .parameter(parameter ?? attribute.name)
            )
        }
        guard !bytes.isEmpty else { throw problem("is never empty") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw problem("must be UTF-8") }
        switch attribute.type {
        case .string:
            guard encoding == .base64url else {
                guard bytes.count <= maximumBytes else { throw problem("has at most \(maximumBytes) bytes") }
                return .string(text)
            }
            let parameter = KeyTextEncoding.parameter
            guard let decoded = Base64.decodeURL(text), let text = String(validating: decoded, as: UTF8.self) else {
                throw problem("is UTF-8 in base64url with \(parameter)=\(encoding.rawValue)")
            }
            guard decoded.count <= maximumBytes else { throw problem("has at most \(maximumBytes) bytes") }
            return .string(text)
        case .number:
            guard let number = DecimalNumber(text) else {
                throw problem("is a number (N) of at most 38 digits, such as 42 or -1.5")
            }
            return .number(number.text)
        case .binary:
            guard let decoded = Base64.decodeURL(text) else { throw problem("is binary (B): give it as base64url") }
            guard decoded.count <= maximumBytes else { throw problem("has at most \(maximumBytes) bytes") }
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

    private static func describe(_ error: KeyError) -> String {
        switch error {
        case .missing(let attribute): "'\(Excerpt.of(attribute))' is missing"
        case .wrongType(let attribute, let expected):
            "'\(Excerpt.of(attribute))' must be of type \(expected.rawValue)"
        case .invalidNumber(let attribute, let text):
            "'\(Excerpt.of(attribute))' is a number, and '\(Excerpt.of(text))' is none"
        case .unexpected(let attribute): "'\(Excerpt.of(attribute))' is not part of the table's key"
        case .malformed: "it is malformed"
        }
    }
}
