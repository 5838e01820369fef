package import ItemQuery
package import ReplicaStore
import TableModel

/// Rows as changes that have no place in the feed: their order is that of the keys, so nobody can resume from one. The id of each is the same,
/// of the epoch that no replica has (`Epoch.several`).
package struct RowEnvelope {
    private let envelope: ChangeEnvelope

    /// For rows of `snapshot`.
    package init(snapshot: StoreSnapshot, representation: ItemRepresentation) {
        var envelope = ChangeEnvelope(snapshot: snapshot, representation: representation, difference: .none)
        envelope.hasPlaces = false
        self.envelope = envelope
    }

    /// Appends the change that puts an item.
    package func appendPut(_ record: ItemRecord, to output: inout [UInt8]) {
        envelope.appendPut(record, cause: .snapshot, to: &output)
    }

    /// Appends the change that names an item which cannot be read.
    package func appendUnreadable(_ record: ItemRecord, to output: inout [UInt8]) {
        envelope.appendRemove(record, cause: record.cause, to: &output)
    }
}
