import TableModel
import Testing

@testable import DynamoDBClient

@Suite struct TableResponseTests {
    private func decode(_ text: String) throws -> TableDescription {
        try decoding(text, TableResponse.decode)
    }

    @Test("a count beyond 64 bits is the greatest there is", arguments: ["9223372036854775808", "1e300"])
    func absurdCount(_ count: String) throws {
        let table = try decode(
            """
            {"Table":{"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"TableName":"t",
            "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"ItemCount":\(count)}}
            """
        )
        #expect(table.approximateItemCount == .max)
    }

    @Test("tells keys whose names differ only in Unicode normal form apart")
    func normalForms() throws {
        let table = try decode(
            """
            {"Table":{"AttributeDefinitions":[{"AttributeName":"\u{E9}","AttributeType":"S"},
            {"AttributeName":"e\u{301}","AttributeType":"N"}],"TableName":"t",
            "KeySchema":[{"AttributeName":"\u{E9}","KeyType":"HASH"},{"AttributeName":"e\u{301}","KeyType":"RANGE"}]}}
            """
        )
        #expect(table.keySchema.partition == KeyAttribute(name: "\u{E9}", type: .string))
        #expect(table.keySchema.sort == KeyAttribute(name: "e\u{301}", type: .number))
    }

    private func capacity(_ members: String) throws -> TableCapacity {
        try decode(
            """
            {"Table":{"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"TableName":"t",
            "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],\(members)}}
            """
        ).capacity
    }

    @Test(
        "reads the size and the capacity for reads; 0 and -1 stand for none, and what cannot be read counts as absent"
    )
    func capacity() throws {
        let all = try capacity(
            """
            "TableSizeBytes":54975581388800,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":500},
            "OnDemandThroughput":{"MaxReadRequestUnits":4000},"WarmThroughput":{"ReadUnitsPerSecond":12000,"Status":"ACTIVE"}
            """
        )
        #expect(all.sizeBytes == 50 << 40)
        #expect(all.provisionedReadUnits == 500)
        #expect(all.maximumReadUnits == 4_000)
        #expect(all.warmReadUnits == 12_000)
        let none = try capacity(
            """
            "TableSizeBytes":"large","ProvisionedThroughput":{"ReadCapacityUnits":0},"OnDemandThroughput":{"MaxReadRequestUnits":-1},
            "WarmThroughput":[1]
            """
        )
        #expect(none == TableCapacity())
        #expect(try capacity("\"TableSizeBytes\":-5").sizeBytes == 0)
        #expect(try capacity("\"TableSizeBytes\":1e300").sizeBytes == .max)
    }

    private static let keyARN = "arn:aws:kms:eu-central-1:1:key/k"

    private func summaries(_ members: String) throws -> TableSummaries {
        try decode(
            """
            {"Table":{"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"TableName":"t",
            "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],\(members)}}
            """
        ).summaries
    }

    @Test("reads why a table cannot be read or followed")
    func summaries() throws {
        let all = try summaries(
            """
            "SSEDescription":{"Status":"ENABLED","SSEType":"KMS","KMSMasterKeyArn":"\(Self.keyARN)",
            "InaccessibleEncryptionDateTime":1.7E9},"RestoreSummary":{"SourceBackupArn":"arn:b","SourceTableArn":"arn:o",
            "RestoreDateTime":1.6E9,"RestoreInProgress":false},"ArchivalSummary":{"ArchivalDateTime":1700000000.5,
            "ArchivalReason":"INACCESSIBLE_ENCRYPTION_CREDENTIALS","ArchivalBackupArn":"arn:a"}
            """
        )
        #expect(all.encryptionKeyARN == Self.keyARN && all.inaccessibleSince == 1_700_000_000_000)
        #expect(all.archivalReason == "INACCESSIBLE_ENCRYPTION_CREDENTIALS" && all.archivedAt == 1_700_000_000_500)
        #expect(all.archivalBackupARN == "arn:a" && all.restoredFrom == "arn:o")
        #expect(try summaries(#""RestoreSummary":{"SourceBackupArn":"arn:b"}"#).restoredFrom == "arn:b")
    }

    @Test(
        "what it cannot read of them counts as absent: they only explain",
        arguments: ["null", "1", "[]", #"{"a":[1]}"#]
    )
    func oddSummaries(value: String) throws {
        #expect(try summaries("\"SSEDescription\":\(value),\"ArchivalSummary\":\(value)") == TableSummaries())
        let inside = "{\"KMSMasterKeyArn\":\(value),\"InaccessibleEncryptionDateTime\":{}}"
        #expect(try summaries("\"SSEDescription\":\(inside)") == TableSummaries())
    }

    @Test("reads what a replica needs, and passes over the rest")
    func whole() throws {
        let table = try decode(
            """
            {"Table":{"AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"},{"AttributeName":"id",
            "AttributeType":"B"},{"AttributeName":"x","AttributeType":"S"}],"TableName":"orders","TableArn":"arn:t",
            "KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],
            "TableStatus":"ACTIVE","CreationDateTime":1.7E9,"ItemCount":12,"LatestStreamArn":"arn:s",
            "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"},
            "GlobalSecondaryIndexes":[{"KeySchema":[{"AttributeName":"x","KeyType":"HASH"}]}]}}
            """
        )
        #expect(
            table
                == TableDescription(
                    name: "orders",
                    arn: "arn:t",
                    status: "ACTIVE",
                    keySchema: KeySchema(
                        partition: KeyAttribute(name: "id", type: .binary),
                        sort: KeyAttribute(name: "n", type: .number)
                    ),
                    latestStreamARN: "arn:s",
                    streamEnabled: true,
                    streamViewType: .newAndOldImages,
                    approximateItemCount: 12
                )
        )
    }

    @Test("a table that never had a stream")
    func noStream() throws {
        let table = try decode(
            """
            {"Table":{"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"TableName":"t",
            "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}
            """
        )
        #expect(table.latestStreamARN == nil)
        #expect(!table.streamEnabled)
        #expect(table.streamViewType == nil)
        #expect(table.keySchema == hashOnly)
    }

    @Test(
        "what is no table description is refused with the reason",
        arguments: [
            ("{}", "there is no Table"),
            (#"{"Table":{}}"#, "the table has no TableName"),
            (#"{"Table":{"TableName":"t"}}"#, "the table's KeySchema has no HASH key"),
            (
                #"{"Table":{"TableName":"t","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}"#,
                "AttributeDefinitions gives no type S, N or B for the key id"
            ),
        ]
    )
    func refused(text: String, reason: String) throws {
        let error = try #require(throws: JSONError.self) { try decode(text) }
        #expect(error.located == reason)
    }
}

/// Decodes a literal.
func decoding<Value>(
    _ text: String,
    _ decode: (UnsafeRawBufferPointer) throws(JSONError) -> Value
) throws -> Value {
    try Array(text.utf8).withUnsafeBytes { bytes in try decode(bytes) }
}
