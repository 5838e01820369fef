/// Why bytes are not the JSON that was expected, and where.
public struct JSONError: Error, Sendable, Hashable {
    /// What was wrong and what was expected, in a few words.
    public let reason: String
    /// The byte offset at which it was seen.
    public let offset: Int
    package init(_ reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// A pull parser over JSON bytes (RFC 8259): strict, bounded in depth, no Foundation, nothing built that is not asked for.
///
///     var json = JSONReader(bytes)              // UnsafeRawBufferPointer, must outlive the reader
///     try json.readObject { name, json in        // name: String (ASCII fast path)
///         switch name {
///         case "Count": count = try json.readInteger()
///         case "Items": try json.readArray { json in batch.append(try json.readItem…) }
///         default: try json.skipValue()
///         }
///     }
///     try json.readEnd()
package struct JSONReader {
    /// Reads from `bytes`, which must stay valid while the reader is used. Values nested deeper than `maximumDepth` throw.
    package init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int = 64) { fatalError("contract") }

    /// The first byte of the next value, white space skipped: `{ [ " - 0…9 t f n`; nil at the end.
    package mutating func peek() throws(JSONError) -> UInt8? { fatalError("contract") }
    package mutating func readObject(
        _ member: (String, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) { fatalError("contract") }
    package mutating func readArray(
        _ element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) { fatalError("contract") }
    package mutating func readString() throws(JSONError) -> String { fatalError("contract") }
    package mutating func readBool() throws(JSONError) -> Bool { fatalError("contract") }
    /// An integer; a fraction or exponent, or a value outside Int64, throws.
    package mutating func readInteger() throws(JSONError) -> Int64 { fatalError("contract") }
    /// Any JSON number as a Double (a stream's fractional timestamps).
    package mutating func readDouble() throws(JSONError) -> Double { fatalError("contract") }
    /// Consumes `null` when it is next, and says whether it was.
    package mutating func readNull() throws(JSONError) -> Bool { fatalError("contract") }
    package mutating func skipValue() throws(JSONError) { fatalError("contract") }
    /// Nothing but white space may follow.
    package mutating func readEnd() throws(JSONError) { fatalError("contract") }

    /// One typed value: `{"S":"…"}`.
    package mutating func readAttributeValue() throws(JSONError) -> AttributeValue { fatalError("contract") }
    /// A whole item in DynamoDB's typed JSON, packed without building values.
    package mutating func readItem() throws(JSONError) -> Item { fatalError("contract") }
    /// The same, into a batch's arena, with its key. The bulk path of a bootstrap.
    package mutating func readItem(into batch: inout ItemBatch, schema: KeySchema) throws(JSONError) {
        fatalError("contract")
    }
}
