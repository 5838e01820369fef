package import Basics

/// Attribute values as JSON.
extension JSONWriter {
    /// Appends one value in DynamoDB's typed form.
    package static func appendDynamoDB(_ value: AttributeValue, to output: inout [UInt8]) {
        var packer = Packer()
        packer.append(value)
        PackedEncoder.append(packer.buffer.bytes, isItem: false, .typed, to: &output)
    }

    /// Appends one value in plain form (sets as arrays in a stable order, binary as base64).
    package static func appendPlain(
        _ value: AttributeValue,
        numbers: NumberStyle = .number,
        to output: inout [UInt8]
    ) {
        var packer = Packer()
        packer.append(value)
        let style = numbers == .number ? PackedEncoder.Style.plain : .plainStringNumbers
        PackedEncoder.append(packer.buffer.bytes, isItem: false, style, to: &output)
    }
}
