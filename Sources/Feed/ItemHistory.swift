package import ItemQuery
package import ReplicaStore
package import TableModel

/// The last versions of one item, from the history, told one after the other. A value: a copy tells the same again.
package struct ItemHistory {
    /// Versions told so far.
    package private(set) var count = 0
    /// Whether the oldest version told is the one in which the item first appeared, as far as the replica ever knew.
    package private(set) var isComplete = false
    /// Bytes of items looked at so far, each as often as an envelope looks at it.
    package private(set) var examined = 0
    /// The version to tell next.
    private var record: ItemRecord?
    private var bytes = 0
    private let history: ChangeHistory
    private let envelope: ChangeEnvelope
    private let limit: Int
    private let maximumBytes: Int
    /// How many times a version's bytes are looked at.
    private let weight: Int

    /// Tells at most `limit` versions of `key`, newest first, and no more when their envelopes have `maximumBytes`; nil when the
    /// replica knows nothing of it.
    package init?(
        of key: ItemKey,
        in snapshot: StoreSnapshot,
        representation: ItemRepresentation,
        difference: FeedDifference,
        limit: Int,
        maximumBytes: Int
    ) {
        guard let record = snapshot.newestState(of: key) else { return nil }
        self.record = record
        history = snapshot.history
        self.limit = limit
        self.maximumBytes = maximumBytes
        weight = difference == .none ? 1 : 3
        var envelope = ChangeEnvelope(snapshot: snapshot, representation: representation, difference: difference)
        envelope.hasWatermarks = false
        self.envelope = envelope
    }

    /// Appends the envelope of the next version, with a comma before it unless it is the first; false when there is none.
    package mutating func appendNext(to output: inout [UInt8]) -> Bool {
        guard let record, count < limit, bytes < maximumBytes else { return false }
        let step = history.step(record.seq)
        let before = output.count
        if count > 0 { output.append(UInt8(ascii: ",")) }
        if record.isTombstone {
            envelope.appendRemove(record, cause: record.cause, step: step, to: &output)
        } else {
            envelope.appendPut(record, cause: record.cause, step: step, to: &output)
        }
        bytes += output.count - before
        examined += record.withPackedItem { $0.count } * weight
        count += 1
        self.record = step?.old
        isComplete = step != nil && step?.old == nil
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
            snapshot: snapshot,
            representation: representation,
            difference: .none
        ).appendKey(key, to: &output)
    }
}
