import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

/// Shards whose calls have no response until they time out: however many they are, the others are read as if there were none.
@Suite struct SilentShardTests {
    /// A stream with one shard that is well, "W", and others that can fall silent.
    private func driver(silent count: Int, start: StreamStart = .latest) -> (MachineDriver, Set<String>) {
        let names = (0..<count).map { "S\(100 + $0)" }
        var model = StreamModel("W")
        for name in names { model.add(name) }
        var driver = MachineDriver(model, start: start)
        driver.tellsTime = true
        return (driver, Set(names))
    }

    /// When the shard that is well was written to, and when the record was delivered.
    private func delay(of value: Int, _ driver: inout MachineDriver) -> Duration? {
        let written = driver.model.now
        driver.model.write("k", "\(value)", in: "W")
        let isSeen = driver.run(limit: written + .seconds(60)) { $0.records.last == "W:k=\(value)" }
        return isSeen ? driver.model.now - written : nil
    }

    @Test(
        "as many silent shards as there are places, or more, delay no other shard by a second",
        arguments: [1, 16, 20, 32]
    )
    func othersGoOn(_ count: Int) throws {
        var (driver, silent) = driver(silent: count)
        driver.run(until: .seconds(5))
        driver.silentShards = silent
        for value in 0..<200 {
            let delay = try #require(delay(of: value, &driver))
            #expect(delay < .seconds(1), "write \(value)")
            driver.run(until: driver.model.now + .milliseconds(170))
        }
    }

    @Test("hundreds of shards that fall silent at once delay the others once, while they are told apart")
    func hundreds() throws {
        var (driver, silent) = driver(silent: 300)
        driver.run(until: .seconds(5))
        driver.silentShards = silent
        // Sixteen are tried at a time, for half a second each.
        let first = try #require(delay(of: 0, &driver))
        #expect(first < .seconds(11))
        driver.run(until: .seconds(20))
        for value in 1..<200 {
            let delay = try #require(delay(of: value, &driver))
            #expect(delay < .milliseconds(300), "write \(value)")
            driver.run(until: driver.model.now + .milliseconds(170))
        }
        let limits = driver.machine.settings.limits
        #expect(driver.greatestSilent == limits.silentCallsInFlight)
        #expect(driver.greatestPagesOut <= limits.pagesInFlight + limits.silentCallsInFlight)
        // Each of them has its turn.
        let since = driver.model.now
        driver.run(until: since + .seconds(110))
        let asked = Set(driver.model.calls.filter { $0.at >= since }.map(\.call))
        #expect(silent.allSatisfy { asked.contains("GetRecords \($0)") })
    }

    @Test("silent iterators delay no other shard either")
    func silentIterators() throws {
        var (driver, silent) = driver(silent: 100, start: .trimHorizon)
        driver.silentShards = silent
        driver.run(until: .seconds(10))
        #expect(driver.calls("GetRecords S").isEmpty)
        for value in 0..<50 {
            let delay = try #require(delay(of: value, &driver))
            #expect(delay < .milliseconds(300), "write \(value)")
            driver.run(until: driver.model.now + .milliseconds(170))
        }
    }

    @Test("silent shards are named with their lag, and read on without a loss when they respond again")
    func recovery() throws {
        var (driver, silent) = driver(silent: 100)
        driver.run(until: .seconds(5))
        driver.silentShards = silent
        driver.run(until: .seconds(6))
        for name in silent { driver.model.write(name, "1", in: name) }
        driver.run(until: .seconds(60))
        #expect(driver.records.isEmpty)
        #expect(driver.gaps.isEmpty)
        let view = driver.machine.view(at: driver.now)
        for shard in view.shards where silent.contains(shard.id) {
            #expect(shard.lastError?.kind == .transient)
            #expect((shard.lagMilliseconds ?? 0) > 50_000)
        }
        #expect(view.shards.first { $0.id == "W" }?.lagMilliseconds == 0)
        driver.silentShards = []
        driver.run(until: .seconds(120))
        #expect(Set(driver.records) == Set(silent.map { "\($0):\($0)=1" }))
        #expect(driver.records.count == silent.count)
        #expect(
            driver.machine.lineage.cursors.values.allSatisfy {
                !$0.isSilent && ($0.call == nil || $0.call?.lane == .read)
            }
        )
        #expect(driver.machine.calls.silent == 0)
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("an iterator that comes at once does not end the silence of a shard whose reads do not")
    func iteratorsAreNoProof() throws {
        var driver = MachineDriver(StreamModel("A"), start: .trimHorizon)
        driver.run(until: .seconds(1))
        driver.latency = { _, model in
            model.calls.last?.call.hasPrefix("GetRecords") == true ? .seconds(2) : .milliseconds(5)
        }
        driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
        var iterators = driver.calls("GetShardIterator").count
        _ = driver.run(limit: .seconds(20)) { $0.calls("GetShardIterator").count > iterators }
        let reads = driver.calls("GetRecords").count
        _ = driver.run(limit: .seconds(20)) { $0.calls("GetRecords").count > reads }
        // The iterator came in time.
        #expect(try #require(driver.machine.lineage["A"]).isSilent)
        driver.latency = { _, _ in .milliseconds(5) }
        driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
        iterators = driver.calls("GetShardIterator").count
        // The failed read had its response in time.
        _ = driver.run(limit: .seconds(40)) { $0.calls("GetShardIterator").count > iterators }
        #expect(try #require(driver.machine.lineage["A"]).isSilent == false)
    }

    @Test("a slow shard is read on: a response that comes late counts like any other")
    func slowShard() throws {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(2))
        driver.latency = { _, _ in .seconds(2) }
        driver.at(.seconds(5)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(15))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.abandoned.isEmpty)
        #expect(driver.machine.lineage["A"]?.isSilent == true)
        driver.latency = { _, _ in .milliseconds(5) }
        driver.run(until: .seconds(20))
        #expect(driver.machine.lineage["A"]?.isSilent == false)
    }

    @Test("the response to a call that nobody awaits any more is not taken for that of the next one")
    func lateResponse() throws {
        var driver = MachineDriver(StreamModel("A"), start: .trimHorizon)
        driver.run(until: .seconds(1))
        driver.latency = { _, _ in .milliseconds(400) }
        _ = driver.run(limit: .seconds(9)) { if case .reading = $0.machine.lineage["A"]?.phase { true } else { false } }
        driver.machine.lose("A", .trimmed)
        driver.machine.continueAfterGaps()
        let reads = driver.calls("GetRecords").count
        driver.model.write("k", "1", in: "A")
        driver.run(until: driver.model.now + .milliseconds(300))
        // It waits for the end of the one in flight.
        #expect(driver.calls("GetRecords").count == reads)
        #expect(driver.machine.calls.reads == 1)
        driver.run(until: driver.model.now + .seconds(3))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.machine.calls.reads <= 1)
    }
}
