import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

/// How long the positions keep shards that are over.
@Suite struct FinishedShardTests {
    private static let arn = "arn:aws:dynamodb:eu-central-1:000000000000:table/demo/stream/2026-01-01T00:00:00.000"

    /// A parent that was read to its end, and its child.
    private func driver() -> MachineDriver {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.write("k", "1", in: "A")
            driver.model.split("A", into: ["B"])
            driver.model.write("k", "2", in: "B")
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == ["A:k=1", "B:k=2"])
        return driver
    }

    private func ids(_ driver: MachineDriver) -> [String] {
        driver.machine.state(streamARN: Self.arn).shards.map(\.shardID)
    }

    /// The next process: the saved positions, as JSON, over the same table an age later.
    private func restarted(_ driver: MachineDriver, after age: Duration) throws -> MachineDriver {
        let saved = driver.machine.state(streamARN: Self.arn).encoded()
        var model = driver.model
        model.now += age
        var next = MachineDriver(model, start: .state(try ShardState(decoding: saved)))
        next.run(until: model.now + .seconds(60))
        return next
    }

    @Test(
        "a finished shard is kept for 48 hours although it is no longer listed, also over restarts, and then forgotten"
    )
    func forgotten() throws {
        var driver = driver()
        driver.model.remove("A")
        for _ in 0..<2 {
            driver = try restarted(driver, after: .seconds(20 * 3_600))
            #expect(ids(driver) == ["A", "B"])
        }
        driver = try restarted(driver, after: .seconds(20 * 3_600))
        #expect(ids(driver) == ["B"])
        #expect(driver.gaps.isEmpty)
        driver.model.write("k", "3", in: "B")
        driver.run(until: driver.model.now + .seconds(5))
        #expect(driver.records == ["B:k=3"])
    }

    @Test("a shard that was doubted and then read to its end is no gap when a listing lacks it")
    func doubtedAndFinished() {
        var driver = MachineDriver(StreamModel("A"), start: .trimHorizon)
        driver.at(.seconds(2)) { driver in
            driver.model.write("k", "1", in: "A")
            driver.model.close("A")
            driver.model.faults["GetRecords A"] = [StreamModel.error(.notFound)]
            // Listings lack the shard, although it can be read, and come late.
            driver.model.order.removeAll()
            driver.latency = { _, model in
                model.calls.last?.call.hasPrefix("DescribeStream") == true ? .seconds(5) : .milliseconds(5)
            }
        }
        driver.run(until: .seconds(20))
        #expect(driver.taken == ["+A", "A:k=1", "-A"])
        #expect(driver.gaps.isEmpty)
    }

    @Test("a finished shard is kept for as long as it is listed")
    func listed() throws {
        let driver = try restarted(driver(), after: .seconds(100 * 3_600))
        #expect(ids(driver) == ["A", "B"])
        #expect(driver.records.isEmpty, "it is not read a second time")
    }

    @Test("a finished shard is kept while a child of it waits")
    func wanted() throws {
        var model = StreamModel("A")
        model.write("k", "1", in: "A")
        var driver = MachineDriver(model)
        driver.run(until: .seconds(10))
        // A child below a parent that cannot be found yet, of a shard that is over for long.
        driver.model.close("A")
        driver.run(until: .seconds(60))
        let child = Shard(id: "C", parentID: "A", startingSequenceNumber: nil, endingSequenceNumber: nil)
        driver.machine.lineage.insert(ShardCursor(child))
        _ = driver.machine.lineage.link(child, at: driver.model.now, listedBefore: nil)
        driver.model.remove("A")
        driver.model.now += .seconds(72 * 3_600)
        driver.run(until: driver.model.now + .seconds(120))
        #expect(ids(driver).contains("A"))
    }

    @Test("positions of an earlier release, which do not say when a shard ended, are read")
    func earlier() throws {
        let text =
            #"{"version":1,"stream":"s","shards":[{"id":"A","position":"ended"},{"id":"B","position":"ended","ended_at":7}]}"#
        let state = try ShardState(decoding: Array(text.utf8))
        #expect(state.shards.map(\.endedAt) == [nil, 7])
        #expect(String(decoding: state.encoded(), as: UTF8.self) == text)
    }
}
