/// One life of the replica's contents: 8 to 13 characters of `a-z2-7`, new for each rebuild.
package struct Epoch: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    /// Takes an epoch's text; nil unless it is 8 to 13 characters of `a-z2-7`.
    package init?(_ text: String) { fatalError("contract") }
    /// A new random epoch of 12 characters (60 bits).
    package static func random() -> Epoch { fatalError("contract") }
    package var description: String { text }
}

/// Where a reader is in the feed: `<epoch>.<seq>`, matching `^[a-z2-7]{8,13}\.[0-9]{1,19}$`.
package struct Position: Sendable, Hashable, CustomStringConvertible {
    package let epoch: Epoch
    package let seq: UInt64
    package init(epoch: Epoch, seq: UInt64) { fatalError("contract") }
    /// Parses a position's text strictly; nil for anything else, leading zeros and overflow included.
    package init?(_ text: String) { fatalError("contract") }
    package var description: String { "\(epoch.text).\(seq)" }
}
