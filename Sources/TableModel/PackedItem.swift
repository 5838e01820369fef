/// How numbers appear in plain JSON.
package enum NumberStyle: Sendable, Hashable {
    /// As JSON numbers, with the digits as stored.
    case number
    /// As JSON strings, for clients whose numbers would round.
    case string
}

/// Reads the packed form of an item in place, without building values. Hot path: no allocation but the growth of `output`.
package enum PackedItem {
    /// Appends the item as plain JSON (the HTTP contract's default form).
    package static func appendPlainJSON(
        _ packed: UnsafeRawBufferPointer, numbers: NumberStyle = .number, to output: inout [UInt8]
    ) { fatalError("contract") }

    /// Appends the item as DynamoDB's typed JSON, lossless.
    package static func appendDynamoDBJSON(_ packed: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        fatalError("contract")
    }

    /// The key of a packed item under `schema`; throws when a key attribute is missing or has another type.
    package static func key(
        of packed: UnsafeRawBufferPointer, schema: KeySchema
    ) throws(KeyError) -> ItemKey { fatalError("contract") }
}
