package import Basics

/// Items and attribute values as JSON. In DynamoDB's typed form attributes are sorted by name, so equal ones have equal
/// bytes.
extension JSONWriter {
    /// Writes an item in DynamoDB's typed form.
    package mutating func item(_ item: Item) {
        separate()
        item.packed.withUnsafeBytes { PackedItem.appendDynamoDBJSON($0, to: &bytes) }
    }

    /// Writes attributes in DynamoDB's typed form.
    package mutating func attributes(_ attributes: [AttributeName: AttributeValue]) { item(Item(attributes)) }

    /// Writes a member that is attributes in DynamoDB's typed form.
    package mutating func member(_ name: String, _ attributes: [AttributeName: AttributeValue]) {
        self.name(name)
        self.attributes(attributes)
    }

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
