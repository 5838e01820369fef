package import ReplicaStore
package import TableModel

/// The table and the stream that a state must be of to be used.
package struct StateIdentity: Sendable, Hashable {
    /// The table's name.
    package let tableName: String
    /// Its primary key.
    package let keySchema: KeySchema
    /// The stream that the positions are of.
    package let streamARN: String
    /// The attributes that its items lack.
    package let ignoredAttributes: AttributePatterns

    package init(
        tableName: String,
        keySchema: KeySchema,
        streamARN: String,
        ignoredAttributes: AttributePatterns = .none
    ) {
        self.tableName = tableName
        self.keySchema = keySchema
        self.streamARN = streamARN
        self.ignoredAttributes = ignoredAttributes
    }

    /// The tag that positions of such contents bear: the stream's ARN, which names the table, and the ignored attributes.
    package var streamTag: StreamTag {
        let text = streamARN + "\n" + tableName + "\n" + ignoredAttributes.description
        return StreamTag(hash: Array(text.utf8).withUnsafeBytes(Checksum.of))
    }
}

/// What is known of the table and the stream before a state is read. Before the table was described, that is its name alone.
package struct StateExpectation: Sendable, Hashable {
    /// The table's name.
    let tableName: String
    /// Its primary key; nil while unknown.
    private(set) var keySchema: KeySchema?
    /// Its stream; nil while unknown.
    private(set) var streamARN: String?
    /// The attributes that its items are to lack.
    let ignoredAttributes: AttributePatterns
    /// Whether a state is read that is too old to be resumed.
    private(set) var takesAnyAge = false

    /// Expects a state that can be resumed: of this table and of this stream.
    package init(_ identity: StateIdentity) {
        (tableName, keySchema, streamARN) = (identity.tableName, identity.keySchema, identity.streamARN)
        ignoredAttributes = identity.ignoredAttributes
    }

    /// Expects a state of a table of this name, however old.
    package init(tableName: String, ignoredAttributes: AttributePatterns = .none) {
        self.tableName = tableName
        self.ignoredAttributes = ignoredAttributes
        takesAnyAge = true
    }

    /// How a state differs from what is expected; nil when it does not.
    package func difference(_ found: StateIdentity) -> StateRejection? {
        guard found.tableName == tableName else { return .otherTable(found.tableName) }
        if let keySchema, found.keySchema != keySchema { return .otherKeySchema }
        if let streamARN, found.streamARN != streamARN { return .otherStream(found.streamARN) }
        // Attributes that are no longer ignored are not in the file, so the table has to be read.
        if found.ignoredAttributes != ignoredAttributes {
            return .otherIgnoredAttributes(found.ignoredAttributes.description)
        }
        return nil
    }
}

/// The place in the stream that belongs to a snapshot: how far the stream had been applied when the snapshot was made.
package struct StateMark: Sendable, Hashable {
    /// The stream's positions, encoded; never ahead of what the snapshot holds.
    package let positions: [UInt8]
    /// Until when (milliseconds since 1970 UTC) every shard is known to have been read; nil when nothing newer is known. The
    /// age of a state counts from here: a consumer that reads nothing does not make it younger.
    package let streamReadAt: Int64?
    /// The keys of which the snapshot may hold more than the positions tell: taken after the snapshot, so that none is missing.
    package let keysAhead: KeysAhead

    package init(positions: [UInt8], streamReadAt: Int64?, keysAhead: KeysAhead = KeysAhead()) {
        self.positions = positions
        self.streamReadAt = streamReadAt
        self.keysAhead = keysAhead
    }
}

/// A state that has been read back, for the one who asked.
//
// Unchecked, because the writer is not Sendable: `StateFile.load` made it and kept no reference, so that who takes it out of here
// is the only one to have it.
package struct RestoredState: @unchecked Sendable {
    /// The table and the stream that it is of.
    package let identity: StateIdentity
    /// A generation that holds what was saved, ready for the changes since.
    package let writer: GenerationWriter
    /// The stream's positions, encoded.
    package let positions: [UInt8]
    /// Until when every shard is known to have been read, milliseconds since 1970 UTC.
    package let streamReadAt: Int64
    /// The keys of which the records may be newer than the positions tell.
    package let keysAhead: KeysAhead
    /// The reason for which the feed begins a new epoch; nil when it continues in the saved one.
    package let newEpochReason: String?
    /// Why the state cannot be saved where it came from; nil when nothing speaks against it.
    package let trouble: StateTrouble?
}
