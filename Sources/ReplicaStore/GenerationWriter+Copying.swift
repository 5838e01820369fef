/// What became of a record that was copied.
package enum CopyOutcome: Sendable, Hashable {
    case applied
    /// Its seq is not above the newest one: the other replica counts backwards.
    case seqGoesBack
    /// The key has a newer version here: the other replica shows an older state.
    case versionGoesBack
}

extension GenerationWriter {
    /// From now on the contents are a copy of another replica's, with its epoch and seqs (`StoreSnapshot.isCopy`).
    package func beginCopy() { generation.beginCopy() }

    /// Makes the record the newest state of its key, at its own seq. Seqs may be skipped. Nothing is applied unless the outcome is `applied`.
    package func copy(_ record: StoredRecord) -> CopyOutcome { generation.copy(record) }

    /// All states of the other replica up to `seq` are here, and nothing newer. The first time this ends the bootstrap. Removals up to
    /// `horizon` cannot be told any more. The steps that are kept begin here unless none was skipped.
    package func settleCopy(at seq: UInt64, horizon: UInt64) { generation.settleCopy(at: seq, horizon: horizon) }

    /// Gives the contents another epoch and lets them count seqs of their own from here on. What they hold keeps its seqs, and positions of
    /// the old epoch up to here stay exact.
    package func rename(_ epoch: Epoch) { generation.rename(epoch) }

    /// The digest and number of live items.
    package var digest: (items: Int, content: ContentDigest) { generation.contentDigest }

    /// The newest state of a key; nil for one that was never seen or is forgotten.
    package func newestState(of key: UnsafeRawBufferPointer) -> ItemRecord? { generation.newestState(of: key) }
}
