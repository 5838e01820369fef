/// A run of keys in the table's order: what `pk`, `sk`, `sk_prefix`, `sk_from` and `sk_to` come to.
package struct KeyRange: Sendable, Hashable {
    /// The smallest key bytes within; nil for no bound.
    package var lower: [UInt8]?
    /// The smallest key bytes beyond; nil for no bound.
    package var upper: [UInt8]?

    package init(lower: [UInt8]? = nil, upper: [UInt8]? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Whether a key's canonical bytes lie within.
    package func contains(_ key: UnsafeRawBufferPointer) -> Bool { fatalError("contract") }
}
