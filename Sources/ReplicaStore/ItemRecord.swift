package import TableModel

/// One key's newest state: an immutable allocation holding the key, the packed item or a tombstone, and where it came from.
package final class ItemRecord: Sendable {
    // Contract sketch: the store may lay this out as it likes (one allocation with tail bytes).
    package var seq: UInt64 { fatalError("contract") }
    /// Milliseconds since 1970 UTC at which the table accepted the change; 0 when unknown (a scan row).
    package var at: Int64 { fatalError("contract") }
    package var cause: ChangeCause { fatalError("contract") }
    package var isTombstone: Bool { fatalError("contract") }
    /// The sequence number's digits; nil when the state came from a scan.
    package var version: String? { fatalError("contract") }
    package var key: ItemKey { fatalError("contract") }
    package func withKeyBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { fatalError("contract") }
    /// The packed item; empty for a tombstone.
    package func withPackedItem<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { fatalError("contract") }
}
