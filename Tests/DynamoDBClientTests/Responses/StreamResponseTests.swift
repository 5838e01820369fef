import TableModel
import Testing

@testable import DynamoDBClient

@Suite struct StreamResponseTests {
    private func decode(_ text: String) throws -> StreamPage {
        try decoding(text, StreamResponse.decode)
    }

    @Test("reads shards with their lineage, open and closed")
    func whole() throws {
        let page = try decode(
            """
            {"StreamDescription":{"StreamArn":"arn:s","StreamLabel":"l","StreamStatus":"ENABLED","TableName":"t",
            "StreamViewType":"KEYS_ONLY","KeySchema":[],"LastEvaluatedShardId":"s2","Shards":[
            {"ShardId":"s1","SequenceNumberRange":{"StartingSequenceNumber":"100","EndingSequenceNumber":"200"}},
            {"ShardId":"s2","ParentShardId":"s1","SequenceNumberRange":{"StartingSequenceNumber":"201"}},
            {"ShardId":"s3","ParentShardId":null}]}}
            """
        )
        #expect(page.streamARN == "arn:s")
        #expect(page.status == .enabled)
        #expect(page.viewType == .keysOnly)
        #expect(page.tableName == "t")
        #expect(page.lastEvaluatedShardID == "s2")
        #expect(
            page.shards == [
                Shard(
                    id: "s1",
                    parentID: nil,
                    startingSequenceNumber: SequenceNumber("100"),
                    endingSequenceNumber: SequenceNumber("200")
                ),
                Shard(
                    id: "s2",
                    parentID: "s1",
                    startingSequenceNumber: SequenceNumber("201"),
                    endingSequenceNumber: nil
                ),
                Shard(id: "s3", parentID: nil, startingSequenceNumber: nil, endingSequenceNumber: nil),
            ]
        )
    }

    @Test("a page may be empty and still have a cursor")
    func empty() throws {
        let page = try decode(
            #"{"StreamDescription":{"StreamArn":"a","StreamStatus":"DISABLED","Shards":[],"LastEvaluatedShardId":"s9"}}"#
        )
        #expect(page.shards.isEmpty)
        #expect(page.lastEvaluatedShardID == "s9")
    }

    @Test(
        "what is no description is refused with the reason",
        arguments: [
            ("{}", "there is no StreamDescription with StreamArn and StreamStatus"),
            (#"{"StreamDescription":{"StreamStatus":"ODD"}}"#, "StreamStatus \"ODD\" is unknown"),
            (#"{"StreamDescription":{"Shards":[{}]}}"#, "a shard has no ShardId"),
            (
                #"{"StreamDescription":{"Shards":[{"SequenceNumberRange":{"StartingSequenceNumber":"1x"}}]}}"#,
                "\"1x\" is not a sequence number"
            ),
        ]
    )
    func refused(text: String, reason: String) throws {
        let error = try #require(throws: JSONError.self) { try decode(text) }
        #expect(error.located == reason)
    }
}

@Suite struct ShardIteratorResponseTests {
    private func decode(_ text: String) throws -> String? {
        try decoding(text, ShardIteratorResponse.decode)
    }

    @Test("an iterator, none, or null")
    func iterators() throws {
        #expect(try decode(#"{"ShardIterator":"abc|1"}"#) == "abc|1")
        #expect(try decode("{}") == nil)
        #expect(try decode(#"{"ShardIterator":null}"#) == nil)
        #expect(throws: JSONError.self) { try decode(#"{"ShardIterator":1}"#) }
    }
}
