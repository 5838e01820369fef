package import TableModel

/// Which JSON an item becomes.
package enum ItemFormat: String, Sendable, Hashable, CaseIterable {
    /// Plain JSON.
    case plain
    /// DynamoDB's typed JSON, lossless.
    case dynamodb
}

/// How items appear in an answer: the parameters `format`, `numbers` and `fields` together.
package struct ItemRepresentation: Sendable, Hashable {
    package var format: ItemFormat
    /// How plain JSON writes numbers; the typed form has strings always.
    package var numbers: NumberStyle
    /// Nil for the whole item.
    package var fields: FieldSelection?

    package init(format: ItemFormat = .plain, numbers: NumberStyle = .number, fields: FieldSelection? = nil) {
        self.format = format
        self.numbers = numbers
        self.fields = fields
    }

    /// Appends a packed item as one JSON object without line breaks.
    package func append(_ packed: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard let fields else { return appendWhole(packed, to: &output) }
        fields.project(packed).withUnsafeBytes { appendWhole($0, to: &output) }
    }

    private func appendWhole(_ packed: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        switch format {
        case .plain: PackedItem.appendPlainJSON(packed, numbers: numbers, to: &output)
        case .dynamodb: PackedItem.appendDynamoDBJSON(packed, to: &output)
        }
    }
}
