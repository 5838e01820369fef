/// A DynamoDB Streams sequence number: decimal digits of any length, ordered as integers, kept as sent.
public struct SequenceNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The digits as the stream sent them.
    public let text: String

    /// Takes decimal digits; nil for an empty text or anything else.
    public init?(_ text: String) { fatalError("contract") }

    /// The digits as sent.
    public var description: String { text }

    /// Orders by numeric value, leading zeros ignored. Never lexicographically: 21 and 22 digits occur in one shard.
    public static func < (left: SequenceNumber, right: SequenceNumber) -> Bool { fatalError("contract") }
}
