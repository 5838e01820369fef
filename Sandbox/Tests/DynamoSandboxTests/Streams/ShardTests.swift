import DynamoSandbox
import TableModel
import Testing

@Suite struct ShardTests {
    @Test("a stream spreads over its shards, and one partition's changes stay in one")
    func spreads() throws {
        let fixture = try Fixture.withTables(shards: 4)
        for index in 0..<200 { try fixture.put("item \(index)", 0) }
        for index in 0..<200 { try fixture.put("item \(index)", 1) }
        let shards = fixture.sandbox.shards(of: "plain")
        #expect(shards.count == 4)
        #expect(shards.allSatisfy { $0.sequenceNumbers.count > 20 })
        #expect(shards.reduce(0) { $0 + $1.sequenceNumbers.count } == 400)
        for shard in shards {
            let events = try fixture.all(shard.id).events
            #expect(events.filter { $0 == "INSERT" }.count == events.filter { $0 == "MODIFY" }.count)
        }
    }

    @Test("rotation closes a shard within its numbers and opens one child that goes on")
    func rotation() throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        let parent = fixture.sandbox.shards(of: "plain")[0].id
        let child = try #require(fixture.sandbox.rotate(shard: parent, of: "plain"))
        try fixture.put("a", 2)
        let shards = fixture.sandbox.shards(of: "plain")
        #expect(shards.map(\.id) == [parent, child])
        #expect(shards.map(\.parentID) == [nil, parent])
        #expect(shards.map(\.isOpen) == [false, true])
        #expect(parent < child)
        let ending = try #require(shards[0].endingSequenceNumber.flatMap { UInt128($0) })
        #expect(try #require(UInt128(shards[0].sequenceNumbers[0])) <= ending)
        #expect(try #require(UInt128(shards[1].startingSequenceNumber)) > ending)
        #expect(
            try #require(UInt128(shards[1].sequenceNumbers[0])) >= #require(UInt128(shards[1].startingSequenceNumber))
        )
        #expect(fixture.sandbox.rotate(shard: parent, of: "plain") == nil)
    }

    @Test("a split gives each child half of the keys, and nothing goes to the parent any more")
    func split() throws {
        let fixture = try Fixture.withTables()
        let parent = fixture.sandbox.shards(of: "plain")[0].id
        let children = fixture.sandbox.split(shard: parent, of: "plain")
        for index in 0..<100 { try fixture.put("item \(index)", index) }
        let shards = fixture.sandbox.shards(of: "plain")
        #expect(shards.map(\.id) == [parent] + children)
        #expect(shards.dropFirst().map(\.parentID) == [parent, parent])
        #expect(shards[0].sequenceNumbers.isEmpty)
        #expect(shards.dropFirst().allSatisfy { $0.sequenceNumbers.count > 20 })
    }

    @Test(
        "a closed shard ends with a null iterator: with its last records, or on the empty page after them",
        arguments: [true, false]
    )
    func end(withRecords: Bool) throws {
        let fixture = try Fixture.withTables { $0.endsShardWithLastRecords = withRecords }
        for index in 0..<3 { try fixture.put("a", index) }
        let shard = fixture.sandbox.shards(of: "plain")[0].id
        fixture.sandbox.rotate(shard: shard, of: "plain")
        let first = try fixture.records(fixture.iterator(shard, "TRIM_HORIZON"), limit: 2)
        #expect(first.count == 2)
        let second = try fixture.records(#require(first.next))
        #expect(second.count == 1)
        #expect((second.next == nil) == withRecords)
        guard !withRecords else { return }
        let third = try fixture.records(#require(second.next))
        #expect(third.count == 0)
        #expect(third.next == nil)
    }

    @Test("disabling closes every shard; the old stream stays readable and a new one has a new ARN")
    func newStream() throws {
        let fixture = try Fixture.withTables(shards: 2)
        try fixture.put("a", 1)
        let old = try #require(fixture.sandbox.latestStreamARN(of: "plain"))
        let shards = fixture.sandbox.shards(of: "plain")
        let iterators = try shards.map { try fixture.iterator($0.id, "TRIM_HORIZON") }
        try fixture.call(.updateTable, #"{"TableName":"plain","StreamSpecification":{"StreamEnabled":false}}"#)
        try fixture.put("a", 2)
        #expect(fixture.sandbox.shards(of: "plain").allSatisfy { !$0.isOpen })
        #expect(try iterators.reduce(0) { try $0 + fixture.records($1).count } == 1)
        let enable =
            #"{"TableName":"plain","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}}"#
        try fixture.call(.updateTable, enable)
        #expect(fixture.sandbox.latestStreamARN(of: "plain") != old)
        #expect(
            fixture.refusal(.updateTable, enable) == "Table already has an enabled stream: TableName: plain"
        )
        let description = try fixture.call(.describeStream, #"{"StreamArn":"\#(old)"}"#)
        #expect(description.contains(#""StreamStatus":"DISABLED""#))
        #expect(
            try fixture.call(.listStreams, #"{"TableName":"plain"}"#).all(between: "\"StreamArn\":\"", "\"").count == 2
        )
    }
}
