import DynamoDBClient
import StateStore
import TableModel

/// TableStatus of DescribeTable, as far as replication acts on it.
enum TableStatus: Sendable, Hashable {
    case creating, deleting
    /// The table is there and refuses reads.
    case obstructed(TableObstacle)
    /// ACTIVE, UPDATING and others, in which the table can be read.
    case readable

    /// Reads the text of the API.
    init(_ text: String) {
        switch text {
        case "CREATING": self = .creating
        case "DELETING": self = .deleting
        default: self = TableObstacle(text).map(TableStatus.obstructed) ?? .readable
        }
    }
}

/// A table that can be followed, as DescribeTable describes it.
struct ReplicationTarget: Sendable, Hashable {
    /// The table's name.
    let tableName: String
    /// The table as the setting names it, for calls. Where that is an ARN every call takes it: a bare name would be a table of the
    /// caller's own account.
    let tableReference: String
    let keySchema: KeySchema
    let streamARN: String
    /// Nil where the endpoint does not say.
    let viewType: StreamViewType?
    let approximateItems: Int64
    /// Its size, and its capacity for reads.
    var capacity = TableCapacity()
    /// The attributes that the replica leaves out of every item.
    var ignoredAttributes = AttributePatterns.none

    /// The memory that its contents take, by its description.
    var memory: TableMemory {
        guard ignoredAttributes.isEmpty else { return TableMemory(bytes: 0, items: 0) }
        return TableMemory(bytes: capacity.sizeBytes, items: approximateItems)
    }

    /// The identity of a saved state of this table.
    var stateIdentity: StateIdentity {
        StateIdentity(
            tableName: tableName,
            keySchema: keySchema,
            streamARN: streamARN,
            ignoredAttributes: ignoredAttributes
        )
    }

    /// The meaning of a description.
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
    ///
    /// `ignored` are the attributes that the replica leaves out of every item.
    static func judge(
        _ table: TableDescription,
        _ identity: TableIdentity,
        ignoring ignored: AttributePatterns = .none
    ) -> Verdict {
        if let failure = identity.mismatch(table) { return .foreign(failure) }
        switch TableStatus(table.status) {
        case .creating: return .wait(Reason(.waitingForTable, "table \(table.name) is being created"))
        case .deleting:
            return .failed(
                ReplicationFailure(
                    kind: .configuration,
                    message: "table \(table.name) is being deleted",
                    hint: "Create it anew, or name another table."
                )
            )
        case .obstructed(.inaccessibleKey): return .wait(TableObstacle.inaccessibleKey.reason(table))
        case .obstructed(.archived): return .failed(TableObstacle.archived.failure(table))
        case .readable: break
        }
        if let failure = ReplicationFailure.ignoredKey(table, ignored) { return .failed(failure) }
        guard table.streamEnabled else { return .failed(.noStream(identity.reference, table.summaries)) }
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
                approximateItems: table.approximateItemCount,
                capacity: table.capacity,
                ignoredAttributes: ignored
            )
        )
    }
}
