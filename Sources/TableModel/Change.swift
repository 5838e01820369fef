/// The origin of a change, as the change envelope names it.
package enum ChangeCause: UInt8, Sendable, Hashable {
    case stream, snapshot, filter, ttl, repair
    /// The table has the item, in a form that this release cannot read.
    case unreadable
}

/// One change of one item, as the store applies it.
package struct Change: Sendable, Hashable {
    /// The state of the key after the change.
    package enum Outcome: Sendable, Hashable {
        case put(Item)
        case remove
        /// The table has an item under the key, and it cannot be read. The key is kept without an item, so that nobody takes it for removed.
        case unreadable
    }

    package let key: ItemKey
    package let outcome: Outcome
    /// The stream's sequence number; nil where the change did not come from a stream record.
    package let version: SequenceNumber?
    /// When the table accepted it: milliseconds since 1970 UTC, of whole-second resolution from a stream.
    package let at: Int64
    package let cause: ChangeCause

    package init(key: ItemKey, outcome: Outcome, version: SequenceNumber?, at: Int64, cause: ChangeCause) {
        self.key = key
        self.outcome = outcome
        self.version = version
        self.at = at
        self.cause = cause
    }
}
