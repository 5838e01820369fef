import TableModel

/// A run of keys in the table's order: what `pk`, `sk`, `sk_prefix`, `sk_from` and `sk_to` come to.
package struct KeyRange: Sendable, Hashable {
    /// The smallest key bytes within; nil for no bound.
    package var lower: [UInt8]?
    /// The smallest key bytes beyond; nil for no bound.
    package var upper: [UInt8]?

    /// A range of canonical key bytes; without bounds it is the whole table.
    package init(lower: [UInt8]? = nil, upper: [UInt8]? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// The keys that start with `prefix`.
    package init(prefix: [UInt8]) { self.init(lower: prefix, upper: Self.successor(of: prefix)) }

    /// The one key.
    package init(only key: [UInt8]) { self.init(lower: key, upper: key + [0]) }

    /// Whether a key's canonical bytes lie within.
    package func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        if let lower, lower.withUnsafeBytes({ ByteOrder.compare(key, $0) }) < 0 { return false }
        if let upper, upper.withUnsafeBytes({ ByteOrder.compare(key, $0) }) >= 0 { return false }
        return true
    }

    /// The smallest bytes greater than everything that starts with `prefix`; nil when nothing is.
    package static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < 0xFF { return bytes + [last + 1] }
        }
        return nil
    }
}
