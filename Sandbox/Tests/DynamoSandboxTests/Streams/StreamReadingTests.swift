import DynamoSandbox
import TableModel
import Testing

@Suite struct StreamReadingTests {
    private func filled(_ count: Int = 5, _ change: (inout SandboxSettings) -> Void = { _ in }) throws -> (
        Fixture, String
    ) {
        let fixture = try Fixture.withTables(change)
        for index in 0..<count { try fixture.put("a", index) }
        return (fixture, fixture.sandbox.shards(of: "plain")[0].id)
    }

    @Test("iterators begin at the horizon, at or after a number, or at the end")
    func iteratorTypes() throws {
        let (fixture, shard) = try filled()
        let numbers = fixture.sandbox.shards(of: "plain")[0].sequenceNumbers
        #expect(try fixture.records(fixture.iterator(shard, "TRIM_HORIZON")).sequenceNumbers == numbers)
        #expect(
            try fixture.records(fixture.iterator(shard, "AT_SEQUENCE_NUMBER", numbers[2])).sequenceNumbers
                == Array(numbers[2...])
        )
        #expect(
            try fixture.records(fixture.iterator(shard, "AFTER_SEQUENCE_NUMBER", numbers[2])).sequenceNumbers
                == Array(numbers[3...])
        )
        let latest = try fixture.iterator(shard, "LATEST")
        #expect(try fixture.records(latest).count == 0)
        try fixture.put("a", 99)
        #expect(try fixture.records(latest).count == 1)
    }

    @Test("pages end by Limit and by bytes, and the next iterator goes on without gap or repetition")
    func pages() throws {
        let (fixture, shard) = try filled(10) { $0.pageBytes = 60 }
        var iterator = try fixture.iterator(shard, "TRIM_HORIZON")
        var found: [String] = []
        var sizes: [Int] = []
        for _ in 0..<12 {
            let page = try fixture.records(iterator, limit: 3)
            found += page.sequenceNumbers
            sizes.append(page.count)
            iterator = try #require(page.next)
        }
        #expect(found == fixture.sandbox.shards(of: "plain")[0].sequenceNumbers)
        // The insert has one image, every other record two: 3 bytes of key and 6 an image.
        #expect(sizes.max() == 3)
        #expect(sizes.last == 0)
    }

    @Test("an iterator lives 15 minutes from when it was handed out, also a next one")
    func expiry() throws {
        let (fixture, shard) = try filled()
        let iterator = try fixture.iterator(shard, "TRIM_HORIZON")
        fixture.clock.advance(by: .seconds(899))
        let next = try #require(try fixture.records(iterator).next)
        fixture.clock.advance(by: .seconds(1))
        let expired = fixture.error(.getRecords, #"{"ShardIterator":"\#(iterator)"}"#)
        #expect(expired?.code == "ExpiredIteratorException")
        #expect(
            expired?.message == "The shard iterator has expired and can no longer be used to retrieve stream records."
        )
        #expect(try fixture.records(next).count == 0)
        fixture.clock.advance(by: .seconds(900))
        #expect(fixture.error(.getRecords, #"{"ShardIterator":"\#(next)"}"#)?.code == "ExpiredIteratorException")
    }

    @Test("retention takes records after 24 hours: reading into the gap is an error, the horizon moves")
    func retention() throws {
        let (fixture, shard) = try filled(3)
        let numbers = fixture.sandbox.shards(of: "plain")[0].sequenceNumbers
        fixture.clock.advance(by: .seconds(86_395))
        try fixture.put("a", 99)
        let behind = try fixture.iterator(shard, "AT_SEQUENCE_NUMBER", numbers[1])
        fixture.clock.advance(by: .seconds(6))
        let trimmed = SandboxError(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard"
        )
        #expect(throws: trimmed) { try fixture.records(behind) }
        #expect(throws: trimmed) { try fixture.iterator(shard, "AFTER_SEQUENCE_NUMBER", numbers[1]) }
        #expect(try fixture.all(shard).count == 1)
    }

    @Test("a closed shard leaves the listing once retention has taken its records")
    func closedShardsGo() throws {
        let (fixture, shard) = try filled(1)
        let child = fixture.sandbox.rotate(shard: shard, of: "plain")
        let arn = fixture.sandbox.latestStreamARN(of: "plain") ?? ""
        let describe = #"{"StreamArn":"\#(arn)"}"#
        #expect(try fixture.call(.describeStream, describe).all(between: "\"ShardId\":\"", "\"") == [shard, child])
        fixture.clock.advance(by: .seconds(86_401))
        #expect(try fixture.call(.describeStream, describe).all(between: "\"ShardId\":\"", "\"") == [child])
        #expect(
            throws: SandboxError("ResourceNotFoundException", "Requested resource not found: Shard does not exist")
        ) {
            try fixture.iterator(shard, "TRIM_HORIZON")
        }
    }

    @Test("an explicit trim takes records up to a number")
    func explicitTrim() throws {
        let (fixture, shard) = try filled()
        let numbers = fixture.sandbox.shards(of: "plain")[0].sequenceNumbers
        fixture.sandbox.trim(shard: shard, of: "plain", through: numbers[2])
        #expect(try fixture.all(shard).sequenceNumbers == Array(numbers[3...]))
        fixture.sandbox.trim(shard: shard, of: "plain")
        #expect(try fixture.all(shard).count == 0)
        #expect(throws: SandboxError.self) { try fixture.iterator(shard, "AT_SEQUENCE_NUMBER", numbers[4]) }
    }

    @Test("a shard keeps no more records than its bound, and tells of the others as trimmed")
    func recordsPerShard() throws {
        let (fixture, shard) = try filled(10) { $0.recordsPerShard = 4 }
        let start = fixture.sandbox.shards(of: "plain")[0].startingSequenceNumber
        #expect(try fixture.all(shard).count == 4)
        #expect(throws: SandboxError.self) { try fixture.iterator(shard, "AT_SEQUENCE_NUMBER", start) }
    }

    @Test("LATEST with slack passes over what is written within the slack")
    func latestSlack() throws {
        let (fixture, shard) = try filled(1) { $0.latestSlack = .seconds(1) }
        let latest = try fixture.iterator(shard, "LATEST")
        try fixture.put("a", 10)
        fixture.clock.advance(by: .milliseconds(1_000))
        try fixture.put("a", 11)
        let page = try fixture.records(latest)
        #expect(page.sequenceNumbers == fixture.sandbox.shards(of: "plain")[0].sequenceNumbers.suffix(1))
    }

    @Test(
        "requests that make no sense are refused",
        arguments: [
            (
                #""ShardIteratorType":"AT_SEQUENCE_NUMBER""#,
                "Must provide SequenceNumber with ShardIteratorType AT_SEQUENCE_NUMBER"
            ),
            (
                #""ShardIteratorType":"LATEST","SequenceNumber":"100000000000000000001""#,
                "Must not provide SequenceNumber with ShardIteratorType LATEST"
            ),
            (#""ShardIteratorType":"AT_SEQUENCE_NUMBER","SequenceNumber":"abc""#, "Invalid SequenceNumber"),
            (
                #""ShardIteratorType":"SOON""#,
                "1 validation error detected: Value 'SOON' at 'shardIteratorType' failed to satisfy constraint: Member must "
                    + "satisfy enum value set: [TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER]"
            ),
        ]
    )
    func refusals(members: String, message: String) throws {
        let (fixture, shard) = try filled(1)
        let arn = fixture.sandbox.latestStreamARN(of: "plain") ?? ""
        #expect(
            fixture.refusal(.getShardIterator, #"{"StreamArn":"\#(arn)","ShardId":"\#(shard)",\#(members)}"#) == message
        )
    }

    @Test("a broken iterator and limits outside 1 to 1000 are refused")
    func badReads() throws {
        let (fixture, shard) = try filled(1)
        #expect(fixture.refusal(.getRecords, #"{"ShardIterator":"nonsense"}"#) == "Invalid ShardIterator")
        let iterator = try fixture.iterator(shard, "LATEST")
        for limit in [0, 1_001] {
            #expect(throws: SandboxError.self) { try fixture.records(iterator, limit: limit) }
        }
    }
}
