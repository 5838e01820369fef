import Feed
import ReplicaStore

/// A process that clients and followers read: a replica of the stream, or a follower.
protocol FleetNode: AnyObject {
    var table: FleetTable { get }
    var number: Int { get }
    var store: ReplicaStore { get }
    var hub: FeedHub { get }
    /// Counts processes: the connections of an older one are broken.
    var process: Int { get }
    /// Writes that were shown later than the node claimed to have them.
    var late: Set<Int> { get }
    /// What happens in a step. `isQuiet`: nothing goes wrong any more.
    func act(isQuiet: Bool)
}

extension FleetNode {
    /// The time of which all records have been applied, as the node believes.
    var claim: Int64? { store.snapshot?.position.watermarks?.low }

    /// Whether what is shown lacks a write that its claim covers: the record is late.
    func lacks(_ write: Int) -> Bool {
        guard let snapshot = store.snapshot, table.stamp(write) <= claim ?? .min else { return false }
        guard let record = snapshot.newestState(of: table.keys[table.writes[write].key]) else { return true }
        // A row of the scan has no version; what it holds is older than what the stream tells of the key.
        guard let version = record.version else { return true }
        return FleetTable.write(ofVersion: version) ?? -1 < write
    }
}
