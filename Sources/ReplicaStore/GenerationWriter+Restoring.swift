extension GenerationWriter {
    /// Enters saved records into a generation to which nothing else has been applied, in any order; fastest by key. False when
    /// the key is there already: then what was saved is damaged. Until `endRestoring` nothing else may be called.
    package func restore(_ record: StoredRecord) -> Bool {
        restore(record.storage)
    }
}
