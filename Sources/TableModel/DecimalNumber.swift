/// A DynamoDB number by value: up to 38 significant digits, exponents -130…125, exact.
///
/// The canonical digits follow what DynamoDB returns: no leading zeros, no trailing fraction zeros, no exponent ("100", "0.001", "-5").
package struct DecimalNumber: Sendable, Hashable, Comparable {
    /// Parses what DynamoDB accepts as N ("+5", "1E+2", ".5", "5." included); nil for anything else, or out of range.
    package init?(_ text: String) { fatalError("contract") }
    /// The canonical digits.
    package var text: String { fatalError("contract") }
    package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool { fatalError("contract") }
    /// The exact sum (UpdateItem's ADD and SET a = a + b); nil when it needs more than 38 digits or leaves the range.
    package static func sum(_ left: DecimalNumber, _ right: DecimalNumber) -> DecimalNumber? { fatalError("contract") }
    package static func difference(_ left: DecimalNumber, _ right: DecimalNumber) -> DecimalNumber? { fatalError("contract") }
    /// Order-preserving bytes: memcmp order is numeric order, equal values have equal bytes. `ItemKey` uses them.
    package func appendOrderedBytes(to output: inout [UInt8]) { fatalError("contract") }
}
