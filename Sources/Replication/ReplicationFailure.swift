package import DynamoDBClient
import TableModel

/// The reason for which replication ends.
package struct ReplicationFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reaction that a caller must choose.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A configuration that cannot work: exit code 78.
        case configuration
        /// Something that may work another time: exit code 1.
        case runtime
    }

    package let kind: Kind
    /// The fault and its subject.
    package let message: String
    /// The remedy.
    package let hint: String

    package init(kind: Kind, message: String, hint: String) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    /// One line for an operator.
    package var description: String { "\(message). \(hint)" }

    /// The process exit code: 78 (EX_CONFIG of sysexits.h) or 1.
    package var exitCode: Int32 { kind == .configuration ? 78 : 1 }

    /// A call that failed for good before the replica was ever live.
    package init(_ error: DynamoDBError) {
        let kind: Kind
        switch error.kind {
        case .accessDenied, .notFound, .fatal, .expiredCredentials: kind = .configuration
        case .throttled, .transient, .expiredIterator, .trimmed, .malformed, .cancelled: kind = .runtime
        }
        self.init(
            kind: kind,
            message: "\(error.operation) \(error.subject) failed: \(error.code): \(error.message)",
            hint: error.hint
        )
    }

    static func enableStream(_ table: String) -> String {
        "Enable one: aws dynamodb update-table --table-name \(table) --stream-specification "
            + "StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
    }

    static func noStream(_ table: String, _ summaries: TableSummaries = TableSummaries()) -> ReplicationFailure {
        let restored = summaries.restoredFrom.map {
            " (it was restored from \($0), and a restore brings no stream back)"
        }
        return ReplicationFailure(
            kind: .configuration,
            message: "table \(table) has no stream, so its changes cannot be followed\(restored ?? "")",
            hint: enableStream(table)
        )
    }

    /// The table names a stream that the endpoint of DynamoDB Streams still does not know.
    static func streamMissing(_ target: ReplicationTarget) -> ReplicationFailure {
        ReplicationFailure(
            kind: .configuration,
            message:
                "table \(target.tableReference) names the stream \(target.streamARN), which DynamoDB Streams does not know",
            hint:
                "Check that both services are asked in one region and account: AWS_ENDPOINT_URL_DYNAMODB_STREAMS, --region"
        )
    }

    /// A gap under the policy that ends the process.
    static func gap(_ reason: String) -> ReplicationFailure {
        ReplicationFailure(
            kind: .runtime,
            message: "the replica can no longer follow its table: \(reason)",
            hint:
                "--on-gap=exit ends the process then; start it again to read the table anew, or choose rebuild-serving."
        )
    }

    /// A part of the table's key is ignored; nil when none is.
    static func ignoredKey(_ table: TableDescription, _ ignored: AttributePatterns) -> ReplicationFailure? {
        let key = [table.keySchema.partition.name, table.keySchema.sort?.name].compactMap { $0 }
        let names = key.filter { ignored.contains($0) }
        guard !names.isEmpty else { return nil }
        let subject = names.map { "'\($0)'" }.joined(separator: " and ")
        return ReplicationFailure(
            kind: .configuration,
            message: "--ignore-attributes '\(ignored)' covers \(subject) of the primary key of table \(table.name)",
            hint: "Name only attributes outside of the key."
        )
    }

    /// The table is far larger than the memory.
    static func hopeless(_ table: String, _ judgement: String) -> ReplicationFailure {
        ReplicationFailure(
            kind: .configuration,
            message: "table \(table) does not fit into memory: \(judgement)",
            hint: "\(MemoryLimit.remedy), or start with --max-memory=0 to try all the same."
        )
    }

    /// The contents of a scan have filled the memory.
    static func full(_ table: String, _ text: String) -> ReplicationFailure {
        ReplicationFailure(
            kind: .configuration,
            message: "table \(table) does not fit into memory: \(text)",
            hint: "\(MemoryLimit.remedy)."
        )
    }

    static func noTable(_ error: DynamoDBError, _ table: String) -> ReplicationFailure {
        ReplicationFailure(
            kind: .configuration,
            message: "table \(table) was not found (\(error.code): \(error.message))",
            hint: "Check the table's name, the region, the account and the endpoint: aws dynamodb list-tables"
        )
    }
}
