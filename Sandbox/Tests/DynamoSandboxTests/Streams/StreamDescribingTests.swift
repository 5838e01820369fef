import DynamoSandbox
import Testing

@Suite struct StreamDescribingTests {
    private func ids(_ fixture: Fixture, _ more: String = "") throws -> [String] {
        let arn = fixture.sandbox.latestStreamARN(of: "plain") ?? ""
        return try fixture.call(.describeStream, #"{"StreamArn":"\#(arn)"\#(more)}"#).all(
            between: "\"ShardId\":\"",
            "\""
        )
    }

    @Test("250 shards come in pages of 100, each after the last of the page before, in the order of their ids")
    func pages() throws {
        let fixture = try Fixture.withTables(shards: 250)
        let arn = fixture.sandbox.latestStreamARN(of: "plain") ?? ""
        var found: [String] = []
        var sizes: [Int] = []
        var start = ""
        while true {
            let answer = try fixture.call(.describeStream, #"{"StreamArn":"\#(arn)"\#(start)}"#)
            let page = answer.all(between: "\"ShardId\":\"", "\"")
            sizes.append(page.count)
            found += page
            guard let last = answer.between("\"LastEvaluatedShardId\":\"", "\"") else { break }
            start = #","ExclusiveStartShardId":"\#(last)""#
        }
        #expect(sizes == [100, 100, 50])
        #expect(found == fixture.sandbox.shards(of: "plain").map(\.id))
        #expect(found == found.sorted())
    }

    @Test("CHILD_SHARDS gives one shard's children only")
    func children() throws {
        let fixture = try Fixture.withTables(shards: 2)
        let parent = fixture.sandbox.shards(of: "plain")[0].id
        let children = fixture.sandbox.split(shard: parent, of: "plain")
        fixture.sandbox.rotate(shard: children[0], of: "plain")
        let filter = #","ShardFilter":{"Type":"CHILD_SHARDS","ShardId":"\#(parent)"}"#
        #expect(try ids(fixture, filter) == children)
        #expect(try ids(fixture).count == 5)
    }

    @Test("a page can be made smaller, and its cursor come twice")
    func smallPages() async throws {
        let fixture = try Fixture.withTables(shards: 5) { $0.shardsPerListing = 2 }
        let first = try ids(fixture)
        #expect(first == fixture.sandbox.shards(of: "plain").prefix(2).map(\.id))
        fixture.sandbox.faults.enqueue(.describeStream, .repeatedCursor)
        let client = RawClient(port: try fixture.sandbox.start())
        let arn = fixture.sandbox.latestStreamARN(of: "plain") ?? ""
        let more = #"{"StreamArn":"\#(arn)","ExclusiveStartShardId":"\#(first[1])"}"#
        let answer = client.post(target: SandboxOperation.describeStream.target, more)
        #expect(answer.text.between("\"LastEvaluatedShardId\":\"", "\"") == first[1])
        await fixture.sandbox.stop()
    }

    @Test("more DescribeStream calls than the bound allows in a second are refused, for all tables together")
    func rate() throws {
        let fixture = try Fixture.withTables { $0.describeStreamsPerSecond = 3 }
        let arns = ["plain", "pair"].compactMap { fixture.sandbox.latestStreamARN(of: $0) }
        let calls = (0..<4).map { #"{"StreamArn":"\#(arns[$0 % 2])"}"# }
        #expect(calls.map { fixture.error(.describeStream, $0)?.code } == [nil, nil, nil, "LimitExceededException"])
        fixture.clock.advance(by: .milliseconds(999))
        #expect(fixture.error(.describeStream, calls[0]) != nil)
        fixture.clock.advance(by: .milliseconds(1))
        #expect(calls.prefix(3).map { fixture.error(.describeStream, $0)?.code } == [nil, nil, nil])
    }

    @Test("a hidden shard is listed after as many listings as were asked for")
    func hidden() throws {
        let fixture = try Fixture.withTables()
        let parent = fixture.sandbox.shards(of: "plain")[0].id
        let child = try #require(fixture.sandbox.rotate(shard: parent, of: "plain"))
        fixture.sandbox.hide(shard: child, listings: 2)
        #expect(try (0..<3).map { _ in try ids(fixture) } == [[parent], [parent], [parent, child]])
    }

    @Test("children can be hidden from their beginning, and listed before their parents")
    func newestFirst() throws {
        let fixture = try Fixture.withTables(shards: 2) {
            $0.listsNewestFirst = true
            $0.shardsPerListing = 3
        }
        let roots = fixture.sandbox.shards(of: "plain").map(\.id)
        let children = fixture.sandbox.split(shard: roots[0], of: "plain", hiddenListings: 1)
        #expect(try ids(fixture) == roots.reversed())
        #expect(try ids(fixture) == [children[1], children[0], roots[1]])
        #expect(try ids(fixture, #","ExclusiveStartShardId":"\#(roots[1])""#) == [roots[0]])
    }

    @Test("a closed shard can be read for ever")
    func endless() throws {
        let fixture = try Fixture.withTables()
        let parent = fixture.sandbox.shards(of: "plain")[0].id
        fixture.sandbox.keepLookingOpen(shard: parent, neverEnds: true)
        fixture.sandbox.rotate(shard: parent, of: "plain")
        let next = try #require(try fixture.all(parent).next)
        #expect(try fixture.records(next).next != nil)
    }

    @Test("a shard can go on looking open, and a removed one is gone")
    func looksOpen() throws {
        let fixture = try Fixture.withTables()
        let parent = fixture.sandbox.shards(of: "plain")[0].id
        let child = try #require(fixture.sandbox.rotate(shard: parent, of: "plain"))
        let arn = fixture.sandbox.latestStreamARN(of: "plain") ?? ""
        let describe = #"{"StreamArn":"\#(arn)"}"#
        #expect(try fixture.call(.describeStream, describe).contains("EndingSequenceNumber"))
        fixture.sandbox.keepLookingOpen(shard: parent)
        #expect(try !fixture.call(.describeStream, describe).contains("EndingSequenceNumber"))
        fixture.sandbox.remove(shard: parent, of: "plain")
        #expect(try ids(fixture) == [child])
    }

    @Test("an unknown stream is not found, an ARN that is none is refused")
    func absent() {
        let fixture = Fixture()
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2020-01-01T00:00:00.000"
        #expect(
            fixture.error(.describeStream, #"{"StreamArn":"\#(arn)"}"#)
                == SandboxError("ResourceNotFoundException", "Requested resource not found: Stream: \(arn) not found")
        )
        #expect(fixture.refusal(.describeStream, #"{"StreamArn":"none"}"#) == "Invalid StreamArn")
    }

    @Test("a stream that is being enabled lists no shards yet")
    func enabling() throws {
        let fixture = try Fixture.withTables()
        fixture.sandbox.configure { $0.holdsTransitions = true }
        fixture.sandbox.enableStream(of: "plain", .newImage)
        #expect(try ids(fixture) == [])
        fixture.sandbox.completeTransitions()
        #expect(try ids(fixture).count == 1)
    }
}
