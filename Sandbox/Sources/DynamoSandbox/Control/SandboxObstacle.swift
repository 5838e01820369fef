/// A state of a table in which DynamoDB refuses every read and write although the table is there.
public enum SandboxObstacle: Sendable, Hashable {
    /// TableStatus INACCESSIBLE_ENCRYPTION_CREDENTIALS: the KMS key that encrypts the table is disabled or not granted. Calls for items and
    /// records are denied.
    case inaccessibleKey(keyARN: String)
    /// TableStatus ARCHIVED, seven days later: the contents are in a backup. Calls for items and records find nothing.
    case archived(backupARN: String)

    /// Names for clients that give none.
    static let sampleKeyARN = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
    static let sampleBackupARN = "arn:aws:dynamodb:us-east-1:000000000000:table/archived/backup/01489602797149-73d8d5bc"

    /// TableStatus.
    var status: String {
        switch self {
        case .inaccessibleKey: "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
        case .archived: "ARCHIVED"
        }
    }

    /// The error of a call for items or records.
    var refusal: SandboxError {
        switch self {
        case .inaccessibleKey(let keyARN):
            SandboxError("AccessDeniedException", "The KMS key \(keyARN) that encrypts the table is not accessible")
        case .archived: .notFound()
        }
    }
}

extension DynamoSandbox {
    /// Puts a table into such a state from now on; nil ends it, which AWS does only where a key is enabled again.
    public func obstruct(_ table: String, _ obstacle: SandboxObstacle?) {
        locked { engine, now in
            let place = engine.place(ofTable: table)
            engine.tables[place]?.obstruction = obstacle.map { Obstruction(obstacle: $0, since: now) }
        }
    }
}

/// A table's obstacle, and since when there is one.
struct Obstruction: Sendable {
    let obstacle: SandboxObstacle
    /// Milliseconds since 1970 UTC.
    let since: Int64
}
