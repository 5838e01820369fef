import TableModel
import Testing

@testable import DynamoDBStream

@Suite struct ShardStateTests {
    @Test("reads what it wrote, every kind of position, as one line of JSON")
    func roundTrip() throws {
        let number = try #require(SequenceNumber("000123456789012345678901"))
        let state = ShardState(
            streamARN: "arn:aws:dynamodb:eu-central-1:1:table/a\"b/stream/2026",
            shards: [
                .init(shardID: "A", parentID: nil, position: .start),
                .init(shardID: "B", parentID: "A", position: .since(1_700_000_000_123)),
                .init(shardID: "C", parentID: "A", position: .after(number)),
                .init(shardID: "D", parentID: nil, position: .ended),
            ],
            readAt: 1_700_000_000_456
        )
        let bytes = state.encoded()
        #expect(try ShardState(decoding: bytes) == state)
        #expect(!bytes.contains(UInt8(ascii: "\n")))
        #expect(
            String(decoding: bytes, as: UTF8.self).contains(
                #""position":"after","sequence_number":"000123456789012345678901""#
            )
        )
    }

    @Test(
        "refuses what is no state, with words",
        arguments: [
            ("", "reading the shard state failed"),
            ("{}", "the shard state has no version"),
            (#"{"version":2,"stream":"s","shards":[]}"#, "version 2; this release reads up to 1"),
            (#"{"version":1,"stream":"s"}"#, "lacks its stream or its shards"),
            (
                #"{"version":1,"stream":"s","shards":[{"id":"A","position":"after"}]}"#,
                "shard A has a position that is none"
            ),
            (#"{"version":1,"stream":"s","shards":[{"id":"A","position":"after","sequence_number":"x"}]}"#, "shard A"),
            (#"{"version":1,"stream":"s","shards":[{"position":"start"}]}"#, "a shard of the state has no id"),
            (#"{"version":1,"stream":"s","shards":[]"#, "reading the shard state failed"),
        ]
    )
    func refusals(_ text: String, _ words: String) {
        let error = #expect(throws: StreamStateError.self) { try ShardState(decoding: Array(text.utf8)) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
    }

    @Test("skips members that a later release may add")
    func unknownMembers() throws {
        let text = #"{"version":1,"saved":[1],"stream":"s","shards":[{"id":"A","position":"start","note":{}}]}"#
        let state = try ShardState(decoding: Array(text.utf8))
        #expect(state == ShardState(streamARN: "s", shards: [.init(shardID: "A", parentID: nil, position: .start)]))
    }
}
