package import TableModel

/// One key's newest state: an immutable allocation holding the key, the packed item or a tombstone, and where it came from.
///
/// The value is one reference; the allocation is `RecordStorage`.
//
// Unchecked, because a class with tail bytes cannot be Sendable itself: its bytes are written once, in `RecordStorage.make`,
// before anything else can refer to it, and nothing writes them afterwards.
package struct ItemRecord: @unchecked Sendable {
    let storage: RecordStorage

    /// The position in the feed at which this state was applied.
    package var seq: UInt64 { storage.header.seq }
    /// Milliseconds since 1970 UTC at which the table accepted the change; 0 when unknown (a scan row).
    package var at: Int64 { Int64(storage.header.atAndFlags >> RecordHeader.atShift) }
    /// The event that made the state.
    package var cause: ChangeCause {
        ChangeCause(rawValue: UInt8(truncatingIfNeeded: storage.header.atAndFlags & RecordHeader.causeMask)) ?? .stream
    }
    /// Whether there is no item: the key was removed, or its item cannot be read.
    package var isTombstone: Bool { storage.isTombstone }
    /// Whether the table has an item under the key that cannot be read. Such a record is a tombstone too.
    package var isUnreadable: Bool { storage.isUnreadable }
    /// The sequence number's digits; nil when the state came from a scan.
    package var version: String? { storage.version }
    /// The key, copied out.
    package var key: ItemKey { ItemKey(bytes: withKeyBytes { [UInt8]($0) }) }

    /// Calls `body` with the key's bytes, which are valid only during the call.
    @inline(__always)
    package func withKeyBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withExtendedLifetime(storage) { body(storage.keyBytes) }
    }

    /// The packed item; empty for a tombstone. Valid only during the call.
    @inline(__always)
    package func withPackedItem<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withExtendedLifetime(storage) { body(storage.itemBytes) }
    }
}
