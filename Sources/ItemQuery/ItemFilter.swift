/// Which items a reader asked for.
package struct ItemFilter: Sendable, Hashable {
    package var keys: KeyRange
    package var predicate: WhereExpression?

    package init(keys: KeyRange = KeyRange(), predicate: WhereExpression? = nil) {
        self.keys = keys
        self.predicate = predicate
    }

    /// Whether it lets everything through.
    package var isEverything: Bool { predicate == nil && keys.lower == nil && keys.upper == nil }

    /// Whether an item belongs to it, by its canonical key bytes and its packed form.
    package func matches(key: UnsafeRawBufferPointer, packed: UnsafeRawBufferPointer) -> Bool {
        keys.contains(key) && (predicate?.matches(packed) ?? true)
    }
}
