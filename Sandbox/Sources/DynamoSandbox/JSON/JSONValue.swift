import TableModel

/// A request's JSON as a tree: requests are small, and their members come in any order.
enum JSONValue: Sendable, Hashable {
    /// Members told apart by the bytes of their names, since those of an item are.
    case object([AttributeName: JSONValue])
    case array([JSONValue])
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case null

    /// Reads a whole document.
    static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        try JSONReader.read(bytes, maximumDepth: 256, read)
    }

    private static func read(_ reader: inout JSONReader) throws(JSONError) -> JSONValue {
        switch try reader.peek() {
        case UInt8(ascii: "{"):
            var members: [AttributeName: JSONValue] = [:]
            try reader.beginObject()
            while let name = try reader.nextMember() { members[AttributeName(name.text)] = try read(&reader) }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try read(&reader)) }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try reader.readString())
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            return .bool(try reader.readBool())
        case UInt8(ascii: "n"):
            _ = try reader.readNull()
            return .null
        default:
            return try readNumber(&reader)
        }
    }

    /// Requests hold counts and limits only: those that a Double holds exactly are integers here.
    private static func readNumber(_ reader: inout JSONReader) throws(JSONError) -> JSONValue {
        let double = try reader.readDouble()
        return Int64(exactly: double).map { .integer($0) } ?? .double(double)
    }

    /// The name that the service's serializer has for such a value.
    var kind: String {
        switch self {
        case .object: "START_OBJECT"
        case .array: "START_ARRAY"
        case .string: "STRING_VALUE"
        case .integer, .double: "NUMBER_VALUE"
        case .bool(let value): value ? "TRUE_VALUE" : "FALSE_VALUE"
        case .null: "VALUE_NULL"
        }
    }
}
