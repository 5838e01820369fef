import DynamoSandbox
import TableModel
import Testing

/// Tables that are there and refuse reads.
@Suite struct ObstacleTests {
    private static let table = #"{"TableName":"plain"}"#
    private static let key = #"{"TableName":"plain","Key":{"id":{"S":"a"}}}"#

    private func iterator(_ fixture: Fixture) throws -> String {
        let arn = try #require(fixture.sandbox.latestStreamARN(of: "plain"))
        let shard = try #require(fixture.sandbox.shards(of: "plain").first?.id)
        return #"{"StreamArn":"\#(arn)","ShardId":"\#(shard)","ShardIteratorType":"TRIM_HORIZON"}"#
    }

    @Test("a table whose key is inaccessible says so in its description and denies items and records, until it ends")
    func inaccessibleKey() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        let iterator = try iterator(fixture)
        fixture.sandbox.obstruct("plain", .inaccessibleKey(keyARN: "arn:aws:kms:r:0:key/k"))
        let described = try fixture.call(.describeTable, Self.table)
        #expect(described.contains(#""TableStatus":"INACCESSIBLE_ENCRYPTION_CREDENTIALS""#))
        #expect(described.contains(#""KMSMasterKeyArn":"arn:aws:kms:r:0:key/k""#))
        #expect(described.contains(#""InaccessibleEncryptionDateTime":1700000000.123"#))
        for error in [
            fixture.error(.scan, Self.table), fixture.error(.getItem, Self.key),
            fixture.error(.getShardIterator, iterator),
        ] {
            #expect(error?.code == "AccessDeniedException" && error?.message.contains("key/k") == true)
        }
        #expect(try fixture.call(.describeTable, #"{"TableName":"pair"}"#).contains(#""TableStatus":"ACTIVE""#))
        fixture.sandbox.obstruct("plain", nil)
        #expect(try fixture.call(.describeTable, Self.table).contains(#""TableStatus":"ACTIVE""#))
        #expect(try fixture.call(.getItem, Self.key).contains(#""n":{"N":"1"}"#))
        #expect(throws: Never.self) { try fixture.call(.getShardIterator, iterator) }
    }

    @Test("an archived table names its backup, and its items and records are not found")
    func archived() throws {
        let fixture = try Fixture.withTables()
        let iterator = try iterator(fixture)
        fixture.sandbox.obstruct("plain", .archived(backupARN: "arn:b"))
        let described = try fixture.call(.describeTable, Self.table)
        #expect(described.contains(#""TableStatus":"ARCHIVED""#))
        #expect(described.contains(#""ArchivalBackupArn":"arn:b""#))
        #expect(fixture.error(.scan, Self.table)?.code == "ResourceNotFoundException")
        #expect(fixture.error(.getShardIterator, iterator)?.code == "ResourceNotFoundException")
    }
}
