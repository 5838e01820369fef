package import TableModel

/// One key's state as it was saved: what `GenerationWriter.restore` takes back in.
package struct SavedRecord {
    /// The position in the feed at which the state was applied; its own in the generation.
    package var seq: UInt64
    /// Milliseconds since 1970 UTC; 0 when unknown.
    package var at: Int64
    /// The event that made the state.
    package var cause: ChangeCause
    /// Nil when the state came from a scan.
    package var version: SequenceNumber?
    /// The encoded key, valid during the call only.
    package var key: UnsafeRawBufferPointer
    /// The packed item, valid during the call only; nil for a tombstone.
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

extension GenerationWriter {
    /// Enters saved records into a generation to which nothing else has been applied, in any order; fastest by key. False when
    /// the key is there already: then what was saved is damaged. Until `endRestoring` nothing else may be called.
    package func restore(_ record: SavedRecord) -> Bool {
        restore(
            RecordStorage.make(
                seq: record.seq,
                at: record.at,
                cause: record.cause,
                version: record.version,
                key: record.key,
                item: record.item
            )
        )
    }
}
