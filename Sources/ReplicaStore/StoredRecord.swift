package import TableModel

/// One key's state as a file or another replica has it: what `GenerationWriter` restores or copies.
package struct StoredRecord {
    /// The position in the feed at which the state was applied there; its own in the generation.
    package var seq: UInt64
    /// Milliseconds since 1970 UTC; 0 when unknown.
    package var at: Int64
    /// The event that made the state.
    package var cause: ChangeCause
    /// Nil when no stream record made the state.
    package var version: SequenceNumber?
    /// The encoded key, valid during the call only.
    package var key: UnsafeRawBufferPointer
    /// The packed item, valid during the call only; nil for a tombstone or an item that cannot be read.
    package var item: UnsafeRawBufferPointer?

    package init(
        seq: UInt64,
        at: Int64,
        cause: ChangeCause,
        version: SequenceNumber?,
        key: UnsafeRawBufferPointer,
        item: UnsafeRawBufferPointer?
    ) {
        self.seq = seq
        self.at = at
        self.cause = cause
        self.version = version
        self.key = key
        self.item = item
    }
}

extension StoredRecord {
    /// The record as the store keeps it.
    var storage: RecordStorage {
        RecordStorage.make(seq: seq, at: at, cause: cause, version: version, key: key, item: item)
    }
}
