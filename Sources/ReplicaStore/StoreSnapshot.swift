package import TableModel

/// Which way a range is read.
package enum ReadOrder: Sendable, Hashable { case ascending, descending }

/// An immutable view of one generation at one position. Cheap to take and to keep; reading never waits for the writer.
package struct StoreSnapshot: Sendable {
    package var position: Position { fatalError("contract") }
    /// The oldest seq from which every later change (removals included) can still be told. Resume from before it is a reset.
    package var horizon: UInt64 { fatalError("contract") }
    package var keySchema: KeySchema { fatalError("contract") }
    package var itemCount: Int { fatalError("contract") }
    /// Bytes of keys and packed items.
    package var itemBytes: Int { fatalError("contract") }
    package var tombstoneCount: Int { fatalError("contract") }

    /// The live record of a key; nil when absent or removed.
    package func record(for key: ItemKey) -> ItemRecord? { fatalError("contract") }

    /// Calls `body` with live records whose key bytes k satisfy `lower <= k < upper` (nil = unbounded), in order, until it
    /// returns false. `after`, when given, is exclusive and beats the bound on its side (a cursor). O(log n + visited).
    package func forEach(
        from lower: [UInt8]?, to upper: [UInt8]?, after: [UInt8]? = nil, order: ReadOrder = .ascending,
        _ body: (ItemRecord) -> Bool
    ) { fatalError("contract") }

    /// Calls `body` with each key's newest record (tombstones included) whose seq is greater than `seq`, in seq order, until
    /// it returns false. O(log n + visited).
    package func forEachChange(after seq: UInt64, _ body: (ItemRecord) -> Bool) { fatalError("contract") }
}
