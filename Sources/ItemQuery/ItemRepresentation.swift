/// Which JSON an item becomes.
package enum ItemFormat: String, Sendable, Hashable, CaseIterable {
    /// Plain JSON.
    case plain
    /// DynamoDB's typed JSON, lossless.
    case dynamodb
}

/// How plain JSON writes numbers.
package enum NumberStyle: String, Sendable, Hashable, CaseIterable {
    /// JSON numbers with their digits as stored.
    case number
    /// Strings, for clients that would round.
    case string
}

/// How items appear in an answer: the parameters `format`, `numbers` and `fields` together.
package struct ItemRepresentation: Sendable, Hashable {
    package var format: ItemFormat
    package var numbers: NumberStyle
    /// Nil for the whole item.
    package var fields: FieldSelection?

    package init(format: ItemFormat = .plain, numbers: NumberStyle = .number, fields: FieldSelection? = nil) {
        self.format = format
        self.numbers = numbers
        self.fields = fields
    }

    /// Appends a packed item as one JSON object without line breaks.
    package func append(_ packed: UnsafeRawBufferPointer, to output: inout [UInt8]) { fatalError("contract") }
}
