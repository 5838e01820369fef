/// A DynamoDB Streams sequence number: decimal digits of any length, ordered as integers, kept as sent.
///
/// Equality and hashing are by value too ("007" equals "7"), so that they agree with the order.
public struct SequenceNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The digits as the stream sent them.
    public let text: String

    /// Takes decimal digits; nil for an empty text or anything else.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        self.text = text
    }

    /// The digits as sent.
    public var description: String { text }

    /// The digits without leading zeros; empty for zero.
    private var significant: Substring.UTF8View { text.utf8.drop { $0 == UInt8(ascii: "0") } }

    /// Orders by numeric value, leading zeros ignored. Never lexicographically: 21 and 22 digits occur in one shard.
    public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool {
        let (a, b) = (left.significant, right.significant)
        return a.count == b.count ? a.lexicographicallyPrecedes(b) : a.count < b.count
    }

    /// Equal by numeric value.
    public static func == (left: SequenceNumber, right: SequenceNumber) -> Bool {
        left.significant.elementsEqual(right.significant)
    }

    /// Hashes the numeric value.
    public func hash(into hasher: inout Hasher) {
        for digit in significant { hasher.combine(digit) }
        hasher.combine(0xFF as UInt8)
    }
}
