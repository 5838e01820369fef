import TableModel

extension JSONError {
    /// The JSON is well formed but is not a response to the call.
    static func unmet(_ reason: String) -> JSONError { JSONError(reason, offset: 0) }

    /// The reason, and the place where there is one.
    var located: String { offset == 0 ? reason : "\(reason) at byte \(offset)" }
}

extension JSONReader {
    /// A string; nil for `null`.
    mutating func readOptionalString() throws(JSONError) -> String? {
        try readNull() ? nil : try readString()
    }

    /// A sequence number; nil for `null`.
    mutating func readSequenceNumber() throws(JSONError) -> SequenceNumber? {
        guard let text = try readOptionalString() else { return nil }
        guard let number = SequenceNumber(text) else { throw .unmet("\"\(text.prefix(64))\" is not a sequence number") }
        return number
    }

    /// Attributes by name in DynamoDB's typed form; nil for `null` and for an empty object, as neither is a key.
    mutating func readKeyAttributes() throws(JSONError) -> [AttributeName: AttributeValue]? {
        if try readNull() { return nil }
        var attributes: [AttributeName: AttributeValue] = [:]
        try beginObject()
        while let name = try nextMember() { attributes[AttributeName(name.text)] = try readAttributeValue() }
        return attributes.isEmpty ? nil : attributes
    }
}
