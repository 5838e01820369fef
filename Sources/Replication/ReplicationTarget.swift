import DynamoDBClient
import TableModel

/// A table that can be followed: what DescribeTable must have said.
struct ReplicationTarget: Sendable, Hashable {
    /// The table's name.
    let tableName: String
    /// What calls name the table by, as the setting does. Where that is an ARN every call takes it: a bare name would be a table of
    /// the caller's own account.
    let tableReference: String
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
        /// It describes another table than the one that is followed.
        case foreign(ReplicationFailure)
    }

    /// Judges a description against the table that it must be of. The stream is always `LatestStreamArn`: a table can have several
    /// old streams beside it.
    static func judge(_ table: TableDescription, _ identity: TableIdentity) -> Verdict {
        if let failure = identity.mismatch(table) { return .foreign(failure) }
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
        guard table.streamEnabled else { return .failed(.noStream(identity.reference)) }
        guard let streamARN = table.latestStreamARN else {
            return .wait(Reason(.streamEnabling, "the stream of \(table.name) is being enabled"))
        }
        return .ready(
            ReplicationTarget(
                tableName: table.name,
                tableReference: identity.reference,
                keySchema: table.keySchema,
                streamARN: streamARN,
                viewType: table.streamViewType,
                approximateItems: table.approximateItemCount
            )
        )
    }
}
