import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

/// Answers that are not what the API promises: each stays with its shard, and none loses a record.
@Suite struct BadResponseTests {
    @Test(
        "a shard whose answers cannot be read is retried and lags with the reason; the others go on, and nothing is lost",
        arguments: ["GetRecords A", "GetShardIterator A"]
    )
    func malformed(_ call: String) {
        var model = StreamModel("A B")
        model.outages[call] = StreamModel.error(.malformed)
        var driver = MachineDriver(model, start: .trimHorizon)
        for value in 0..<20 {
            driver.at(.seconds(1 + value)) { driver in
                driver.model.write("a", "\(value)", in: "A")
                driver.model.write("b", "\(value)", in: "B")
            }
        }
        driver.run(until: .seconds(40))
        #expect(driver.records == (0..<20).map { "B:b=\($0)" })
        let view = driver.machine.view(at: driver.now)
        #expect(view.lastError?.kind == .malformed)
        #expect((view.lagMilliseconds ?? 0) > 15_000)
        // Retried with a growing wait, not in a loop.
        #expect((5...40).contains(driver.calls(call).count))
        driver.model.outages = [:]
        driver.run(until: .seconds(60))
        #expect(driver.records.filter { $0.hasPrefix("A") } == (0..<20).map { "A:a=\($0)" })
        #expect(driver.gaps.isEmpty)
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("a listing that cannot be read stops no shard that is known")
    func malformedListing() {
        var driver = MachineDriver(StreamModel("A B"))
        driver.run(until: .seconds(2))
        driver.model.outages["DescribeStream"] = StreamModel.error(.malformed)
        driver.at(.seconds(40)) { $0.model.write("a", "1", in: "A") }
        driver.at(.seconds(41)) { driver in
            driver.model.split("B", into: ["C"])
            driver.model.write("c", "1", in: "C")
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == ["A:a=1"])
        driver.model.outages = [:]
        driver.run(until: .seconds(80))
        #expect(driver.records == ["A:a=1", "C:c=1"])
        #expect(driver.gaps.isEmpty)
    }

    @Test(
        "sequence numbers of any length are followed in the order of their values, also where they grow by a digit",
        arguments: ["", "1", "9999999999999999999999999999999999999999"]
    )
    func sequenceNumbers(_ prefix: String) throws {
        var model = StreamModel("A")
        model.sequencePrefix = prefix
        model.lastSequence = 7
        for value in 0..<120 { model.write("k", "\(value)", in: "A") }
        var settings = StreamSettings()
        settings.recordLimit = 7
        model.repeats = 0.3
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.run(until: .seconds(3))
        #expect(driver.records == (0..<120).map { "A:k=\($0)" })
        let arn = driver.model.streamARN
        let saved = driver.machine.state(streamARN: arn)
        #expect(try ShardState(decoding: saved.encoded()) == saved)
        driver.model.write("k", "last", in: "A")
        var next = MachineDriver(driver.model, start: .state(saved), settings: settings)
        next.run(until: .seconds(10))
        #expect(next.records == ["A:k=last"])
    }
}
