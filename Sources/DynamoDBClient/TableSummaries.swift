/// The parts of DescribeTable that say why a table cannot be read or followed (AWS API types SSEDescription, ArchivalSummary and
/// RestoreSummary). Each is nil where DynamoDB does not say it.
public struct TableSummaries: Sendable, Hashable {
    /// SSEDescription.KMSMasterKeyArn: the key of AWS KMS that encrypts the table.
    public var encryptionKeyARN: String?
    /// SSEDescription.InaccessibleEncryptionDateTime: since when that key cannot be used, in milliseconds since 1970 UTC. DynamoDB archives
    /// the table after seven days.
    public var inaccessibleSince: Int64?
    /// ArchivalSummary.ArchivalReason, such as INACCESSIBLE_ENCRYPTION_CREDENTIALS.
    public var archivalReason: String?
    /// ArchivalSummary.ArchivalDateTime, in milliseconds since 1970 UTC.
    public var archivedAt: Int64?
    /// ArchivalSummary.ArchivalBackupArn: the backup that the table can be restored from.
    public var archivalBackupARN: String?
    /// RestoreSummary.SourceTableArn, or its SourceBackupArn: where the table was restored from.
    public var restoredFrom: String?

    /// A table of which nothing is said.
    public init() {}
}
