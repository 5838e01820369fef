import AWSClient
import TableModel

/// A table that can be followed: what DescribeTable must have said.
struct ReplicationTarget: Sendable, Hashable {
    let tableName: String
    let keySchema: KeySchema
    let streamARN: String
    /// Nil where the endpoint does not say.
    let viewType: StreamViewType?
    let approximateItems: Int64

    /// What a description means.
    enum Verdict: Sendable, Hashable {
        case ready(ReplicationTarget)
        /// Not yet, for the reason given.
        case wait(Reason)
        case failed(ReplicationFailure)
    }

    /// Judges a description. The stream is always `LatestStreamArn`: a table can have several old streams beside it.
    static func judge(_ table: TableDescription) -> Verdict {
        switch table.status {
        case "CREATING": return .wait(Reason(.waitingForTable, "table \(table.name) is being created"))
        case "DELETING":
            return .failed(
                ReplicationFailure(
                    kind: .configuration,
                    message: "table \(table.name) is being deleted",
                    hint: "Create it anew, or name another table."
                )
            )
        default: break
        }
        guard table.streamEnabled else { return .failed(.noStream(table.name)) }
        guard let streamARN = table.latestStreamARN else {
            return .wait(Reason(.streamEnabling, "the stream of \(table.name) is being enabled"))
        }
        return .ready(
            ReplicationTarget(
                tableName: table.name,
                keySchema: table.keySchema,
                streamARN: streamARN,
                viewType: table.streamViewType,
                approximateItems: table.approximateItemCount
            )
        )
    }
}
