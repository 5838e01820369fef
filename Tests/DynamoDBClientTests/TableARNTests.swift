import Testing

@testable import DynamoDBClient

@Suite struct TableARNTests {
    @Test(
        "reads tables and streams, and writes them as they were",
        arguments: [
            "arn:aws:dynamodb:eu-central-1:111111111111:table/orders",
            "arn:aws:dynamodb:eu-central-1:111111111111:table/orders/stream/2026-01-01T00:00:00.000",
            "arn:aws-cn:dynamodb:cn-north-1:111111111111:table/a.b-c_d",
            "arn:aws:dynamodb:ddblocal:000000000000:table/orders/stream/2026-01-01T00:00:00.000",
            "arn:scylla:alternator:alternator_t:scylla:table/t",
        ]
    )
    func readable(text: String) throws {
        let arn = try #require(TableARN(text))
        #expect(arn.description == text)
        #expect(arn.streamLabel == (text.contains("stream") ? "2026-01-01T00:00:00.000" : nil))
        #expect(text.hasPrefix(arn.tableText))
    }

    @Test(
        "everything else is none",
        arguments: [
            "", "orders", "arn:", "arn:aws:dynamodb:eu-central-1:1", "arn:aws:dynamodb:eu-central-1:1:table/",
            "arn:aws:dynamodb:eu-central-1:1:table/t/index/i", "arn:aws:dynamodb:eu-central-1:1:table/t/stream/",
            "arn:aws:dynamodb:eu-central-1:1:table/t/stream", "arn:aws:dynamodb:eu-central-1:1:stream/t",
            "ARN:aws:dynamodb:eu-central-1:1:table/t", "arn:aws::eu-central-1:1:table/t", "S0123",
        ]
    )
    func unreadable(text: String) { #expect(TableARN(text) == nil) }

    @Test("tells what differs, the label of a stream aside")
    func difference() throws {
        let first = try #require(TableARN("arn:aws:dynamodb:eu-central-1:1:table/t"))
        func difference(_ text: String) throws -> String? { try #require(TableARN(text)).difference(from: first) }
        #expect(try difference("arn:aws:dynamodb:eu-central-1:1:table/t/stream/x") == nil)
        #expect(try difference("arn:aws:dynamodb:eu-central-1:2:table/t") == "its account is 2, not 1")
        #expect(
            try difference("arn:aws:dynamodb:eu-west-1:2:table/t") == "its Region is eu-west-1, not eu-central-1"
        )
        #expect(try difference("arn:aws-cn:dynamodb:eu-central-1:1:table/t") == "its partition is aws-cn, not aws")
        #expect(try difference("arn:aws:dynamodb:eu-central-1:1:table/u") == "its table is u, not t")
    }
}
