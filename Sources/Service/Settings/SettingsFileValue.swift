import TableModel

/// The value of an option in a file of JSON.
struct SettingsFileValue {
    /// The types of JSON that options take, in the words of messages.
    enum ValueType: String, Sendable, Hashable {
        case string = "a string"
        case number = "a number"
        case boolean = "a boolean"
        case strings = "an array of strings"
    }

    /// Nil for a value of another type.
    let type: ValueType?
    /// As behind a flag: numbers as they stand, `true` and `false` in letters, arrays joined with commas.
    let text: String

    /// Reads the next value.
    init(_ json: inout JSONReader) throws(JSONError) {
        switch try json.peek() {
        case UInt8(ascii: "\""): (type, text) = (.string, try json.readString())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): (type, text) = (.boolean, try json.readBool() ? "true" : "false")
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            (type, text) = (.number, String(decoding: try json.readRaw(), as: UTF8.self))
        case UInt8(ascii: "["):
            let parts = try Self.strings(&json)
            (type, text) = (parts == nil ? nil : .strings, parts?.joined(separator: ",") ?? "")
        default:
            try json.skipValue()
            (type, text) = (nil, "")
        }
    }

    /// The strings of an array; nil when it has other elements.
    private static func strings(_ json: inout JSONReader) throws(JSONError) -> [String]? {
        var strings: [String]? = []
        try json.beginArray()
        while try json.nextElement() {
            if try json.peek() == UInt8(ascii: "\"") {
                strings?.append(try json.readString())
            } else {
                try json.skipValue()
                strings = nil
            }
        }
        return strings
    }
}
