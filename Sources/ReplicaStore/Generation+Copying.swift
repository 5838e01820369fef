import TableModel

extension Generation {
    /// See `GenerationWriter.beginCopy`.
    mutating func beginCopy() { isCopy = true }

    /// See `GenerationWriter.copy`.
    mutating func copy(_ record: StoredRecord) -> CopyOutcome {
        guard record.seq > seq else { return .seqGoesBack }
        // An older state of the key; an equal one was made by a restart of the other replica.
        if let version = record.version, let held = newestState(of: record.key)?.storage, held.has(atLeast: version),
            held.version != version.text
        {
            return .versionGoesBack
        }
        if record.seq > seq + 1 { skip(to: record.seq - 1) }
        place(record)
        return .applied
    }

    /// See `GenerationWriter.settleCopy`.
    mutating func settleCopy(at seq: UInt64, horizon: UInt64) {
        if seq > self.seq { skip(to: seq) }
        settle(horizon: horizon)
    }

    /// The newest state of a key.
    func newestState(of key: UnsafeRawBufferPointer) -> ItemRecord? {
        find(key).map { ItemRecord(storage: $0.takeUnretainedValue()) }
    }
}
