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
    /// The version that is told next; nil when there is none.
    private var next: ItemRecord?
    private let history: ChangeHistory
    private let envelope: ChangeEnvelope
    private let limit: Int
    private let maximumBytes: Int
    /// How many times a version's bytes are looked at.
    private let weight: Int

    /// Begins at the newest of at most `limit` versions of `key`, which end early when their envelopes have `maximumBytes`; nil when the
    /// replica knows nothing of it. `read` reads them.
    package init?(
        of key: ItemKey,
        in snapshot: StoreSnapshot,
        representation: ItemRepresentation,
        difference: FeedDifference,
        limit: Int,
        maximumBytes: Int
    ) {
        guard let newest = snapshot.newestState(of: key) else { return nil }
        next = newest
        history = snapshot.history
        self.limit = limit
        self.maximumBytes = maximumBytes
        weight = difference == .none ? 1 : 3
        envelope = ChangeEnvelope(
            schema: snapshot.keySchema,
            epoch: snapshot.position.epoch,
            representation: representation,
            difference: difference
        )
    }

    /// Reads versions until about so many bytes of items were looked at, one version at least; true when there are no more to read.
    package mutating func read(_ budget: Int = .max) -> Bool {
        var looked = 0
        while count < limit, versions.count < maximumBytes, let record = next {
            guard looked < budget else { return false }
            next = nil
            looked += record.withPackedItem { $0.count } * weight
            let step = history.step(record.seq)
            if count > 0 { versions.append(UInt8(ascii: ",")) }
            if record.isTombstone {
                envelope.appendRemove(record, cause: record.cause, step: step, to: &versions)
            } else {
                envelope.appendPut(record, cause: record.cause, step: step, to: &versions)
            }
            count += 1
            guard let step else { break }
            guard let old = step.old else {
                isComplete = true
                break
            }
            next = old
        }
        return true
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
