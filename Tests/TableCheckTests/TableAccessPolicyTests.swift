import TableCheck
import Testing

@Suite struct TableAccessPolicyTests {
    private static let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"

    @Test("allows the table's and its streams' reads")
    func reads() {
        #expect(
            TableAccessPolicy(table: Self.arn)?.json == """
                {
                  "Version": "2012-10-17",
                  "Statement": [
                    {
                      "Effect": "Allow",
                      "Action": ["dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:BatchGetItem"],
                      "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
                    },
                    {
                      "Effect": "Allow",
                      "Action": ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"],
                      "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/*"
                    }
                  ]
                }

                """
        )
    }

    @Test(
        "the key is usable through DynamoDB alone, by the name of the partition",
        arguments: [("aws", "eu-central-1", "amazonaws.com"), ("aws-cn", "cn-north-1", "amazonaws.com.cn")]
    )
    func key(partition: String, region: String, domain: String) throws {
        let table = "arn:\(partition):dynamodb:\(region):1:table/orders"
        let key = "arn:\(partition):kms:\(region):1:key/ab"
        let json = try #require(TableAccessPolicy(table: table, encryptionKey: key)?.json)
        #expect(json.contains(#""Action": ["kms:Decrypt"]"#))
        #expect(json.contains(#""Resource": "\#(key)""#))
        #expect(json.contains(#"{"StringEquals": {"kms:ViaService": "dynamodb.\#(region).\#(domain)"}}"#))
    }

    @Test("a stream's ARN names its table", arguments: ["\(arn)/stream/2026-01-01T00:00:00.000"])
    func stream(text: String) {
        #expect(TableAccessPolicy(table: text)?.json == TableAccessPolicy(table: Self.arn)?.json)
    }

    @Test(
        "a key is one key in the table's Region",
        arguments: [
            ("arn:aws:kms:eu-central-1:1:key/ab", true), ("arn:aws:kms:us-east-1:1:key/ab", false),
            ("arn:aws:kms:eu-central-1:1:key/*", false), ("arn:aws:kms:eu-central-1:1:alias/a", false), ("ab", false),
        ]
    )
    func keys(text: String, isKey: Bool) { #expect(TableAccessPolicy.isKey(text, of: Self.arn) == isKey) }

    @Test(
        "other texts are refused",
        arguments: [
            "orders", "", "arn:aws:dynamodb:r:1:table/*", "arn:aws:dynamodb:*:1:table/t", "arn:aws:s3:::bucket",
            "arn:aws:dynamodb:r:1:table/t/index/i",
        ]
    )
    func others(text: String) { #expect(TableAccessPolicy(table: text) == nil) }
}
