/// Appends JSON to bytes: strings escaped by RFC 8259, everything on one line.
package enum JSONWriter {
    /// Appends `text` as a JSON string, quotes included. U+2028/2029 and DEL are written as they are; controls as escapes.
    package static func append(_ text: String, to output: inout [UInt8]) { fatalError("contract") }
    package static func append(_ integer: Int64, to output: inout [UInt8]) { fatalError("contract") }
    /// Appends one value in DynamoDB's typed form.
    package static func appendDynamoDB(_ value: AttributeValue, to output: inout [UInt8]) { fatalError("contract") }
    /// Appends one value in plain form (sets as arrays in a stable order, binary as base64).
    package static func appendPlain(
        _ value: AttributeValue, numbers: NumberStyle = .number, to output: inout [UInt8]
    ) { fatalError("contract") }
}
