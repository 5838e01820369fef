import Basics

/// The members of DescribeTable's response that explain a table's obstacle.
extension Obstruction {
    func describe(_ output: inout JSONWriter) {
        switch obstacle {
        case .inaccessibleKey(let keyARN):
            output.name("SSEDescription")
            output.object {
                $0.member("Status", "ENABLED")
                $0.member("SSEType", "KMS")
                $0.member("KMSMasterKeyArn", keyARN)
                $0.member("InaccessibleEncryptionDateTime", seconds: since)
            }
        case .archived(let backupARN):
            output.name("ArchivalSummary")
            output.object {
                $0.member("ArchivalDateTime", seconds: since)
                $0.member("ArchivalReason", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")
                $0.member("ArchivalBackupArn", backupARN)
            }
        }
    }
}

extension Engine {
    /// Refuses a call for the records of a stream whose table has an obstacle.
    func checkObstacle(of stream: TableStream) throws(SandboxError) {
        let table = tables.values.first { $0.latestStreamARN == stream.arn }
        if let obstruction = table?.obstruction { throw obstruction.obstacle.refusal }
    }
}
