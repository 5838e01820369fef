import Basics
import DynamoDBClient

/// The states of a table in which DynamoDB refuses every read although the table is there.
enum TableObstacle: Sendable, Hashable {
    /// INACCESSIBLE_ENCRYPTION_CREDENTIALS: the key that encrypts the table is disabled or not granted. It can be enabled again; after seven
    /// days DynamoDB archives the table (DynamoDB Developer Guide, "DynamoDB encryption at rest: usage notes").
    case inaccessibleKey
    /// ARCHIVING and ARCHIVED: the table has no contents any more. Only a restore brings them back, as another table.
    case archived

    /// The obstacle of a table with this TableStatus; nil for any other.
    init?(_ status: String) {
        switch status {
        case "INACCESSIBLE_ENCRYPTION_CREDENTIALS": self = .inaccessibleKey
        case "ARCHIVING", "ARCHIVED": self = .archived
        default: return nil
        }
    }

    /// The reason for which nothing can be read, by name and in a sentence.
    func reason(_ table: TableDescription) -> Reason { Reason(code, "\(subject(table)). \(hint(table))") }

    /// The failure of a start that nothing can help.
    func failure(_ table: TableDescription) -> ReplicationFailure {
        ReplicationFailure(kind: .configuration, message: subject(table), hint: hint(table))
    }

    private var code: ReasonCode {
        switch self {
        case .inaccessibleKey: .keyInaccessible
        case .archived: .tableArchived
        }
    }

    private func subject(_ table: TableDescription) -> String {
        let summaries = table.summaries
        switch self {
        case .inaccessibleKey:
            let key = summaries.encryptionKeyARN.map { "its KMS key \($0)" } ?? "its KMS key"
            let since = summaries.inaccessibleSince.map { " since \(Timestamp.text($0))" } ?? ""
            return "table \(table.name) cannot be read: DynamoDB has had no access to \(key)\(since)"
        case .archived:
            let since = summaries.archivedAt.map { " on \(Timestamp.text($0))" } ?? ""
            let reason = summaries.archivalReason.map { " (\($0))" } ?? ""
            return "table \(table.name) cannot be read: DynamoDB archived it\(since)\(reason)"
        }
    }

    private func hint(_ table: TableDescription) -> String {
        switch self {
        case .inaccessibleKey:
            let key = table.summaries.encryptionKeyARN ?? "KEY"
            return "Enable the key and its grants within 7 days, or DynamoDB archives the table: "
                + "aws kms enable-key --key-id \(key)"
        case .archived:
            let backup = table.summaries.archivalBackupARN ?? "BACKUP"
            return "Restore it under another name, enable the stream there and follow that table: "
                + "aws dynamodb restore-table-from-backup --target-table-name NAME --backup-arn \(backup)"
        }
    }
}

extension ReasonCode {
    /// The reason for which a table that was followed cannot be followed now.
    init(unusable table: TableDescription) {
        switch TableStatus(table.status) {
        case .obstructed(let obstacle): self = obstacle.reason(table).code
        case .deleting: self = .tableMissing
        case .creating, .readable: self = table.streamEnabled ? .tableMissing : .streamDisabled
        }
    }
}
