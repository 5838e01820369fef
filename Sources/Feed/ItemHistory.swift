package import ItemQuery
package import ReplicaStore
package import TableModel

/// The last versions of one item, from the history.
package struct ItemHistory {
    /// The versions' envelopes, newest first, with commas between.
    package private(set) var versions: [UInt8] = []
    package private(set) var count = 0
    /// Whether the oldest version told is the one in which the item first appeared, as far as the replica ever knew.
    package private(set) var isComplete = false

    /// Reads at most `limit` versions of `key`, and no further when their envelopes have `maximumBytes`; nil when the replica knows
    /// nothing of it.
    package init?(
        of key: ItemKey,
        in snapshot: StoreSnapshot,
        representation: ItemRepresentation,
        difference: FeedDifference,
        limit: Int,
        maximumBytes: Int
    ) {
        guard var record = snapshot.newestState(of: key) else { return nil }
        let envelope = ChangeEnvelope(
            schema: snapshot.keySchema,
            epoch: snapshot.position.epoch,
            representation: representation,
            difference: difference
        )
        while count < limit, versions.count < maximumBytes {
            let step = snapshot.history.step(record.seq)
            if count > 0 { versions.append(UInt8(ascii: ",")) }
            if record.isTombstone {
                envelope.appendRemove(record, cause: record.cause, step: step, to: &versions)
            } else {
                envelope.appendPut(record, cause: record.cause, step: step, to: &versions)
            }
            count += 1
            guard let step else { return }
            guard let old = step.old else {
                isComplete = true
                return
            }
            record = old
        }
    }

    /// Appends the key's attributes as one JSON object.
    package static func appendKey(
        _ key: ItemKey,
        in snapshot: StoreSnapshot,
        representation: ItemRepresentation,
        to output: inout [UInt8]
    ) {
        ChangeEnvelope(
            schema: snapshot.keySchema,
            epoch: snapshot.position.epoch,
            representation: representation,
            difference: .none
        ).appendKey(key, to: &output)
    }
}
