import DynamoSandbox
import Replication
import TableModel
import TestTools
import Testing

/// The situations that are about reading a shard: expiry, ends, bad answers, gaps, refusals.
@Suite struct ReadingSituationTests {
    @Test("Situation 4: an iterator that expires before any record is made anew from the oldest record, never LATEST")
    func idleExpiry() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            table.advance(.seconds(16 * 60))
            try table.put("k1")
            try table.delete("k2")
            await replica.settle()
            #expect(table.iteratorTypes() == ["LATEST", "TRIM_HORIZON"])
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test(
        "Situation 5: an iterator that expires in the middle is made anew after the last record, and no shard misses any"
    )
    func expiryInTheMiddle() async throws {
        let table = try SandboxTable(shards: 2, items: 20)
        try await table.follow { replica in
            await replica.settle()
            for number in 0..<20 { try table.put("k\(number)") }
            await replica.settle()
            let shard = table.openShards[0]
            for round in 0..<3 {
                table.sandbox.faults.enqueue(
                    .getRecords,
                    SandboxTable.refusal("ExpiredIteratorException"),
                    shard: shard
                )
                for number in 0..<20 { try table.put("k\(number)") }
                if round == 1 { try table.delete("k5") }
                await replica.wait("the expiry") { _ in table.sandbox.faults.waiting == 0 }
            }
            await replica.settle()
            #expect(table.iteratorTypes(shard) == ["LATEST"] + Array(repeating: "AFTER_SEQUENCE_NUMBER", count: 3))
            #expect(table.iteratorTypes(table.openShards[1]) == ["LATEST"])
        }
        await table.stop()
    }

    @Test(
        "Situation 15: the records that come with a null next iterator are applied, then the shard ends, once",
        arguments: [true, false]
    )
    func lastPage(comesWithRecords: Bool) async throws {
        let table = try SandboxTable(items: 5) { $0.endsShardWithLastRecords = comesWithRecords }
        try await table.follow { replica in
            await replica.settle()
            let parent = table.openShards[0]
            table.hold()
            for number in 0..<5 { try table.put("k\(number)") }
            table.sandbox.close(shard: parent, of: SandboxTable.name)
            table.release()
            await replica.wait("all of it") { $0.isEqual && $0.shardsEnded == [parent] }
            table.advance(.seconds(60))
            await replica.settle()
            #expect(replica.shardsEnded == [parent])
            #expect(table.iteratorTypes() == ["LATEST"])
        }
        await table.stop()
    }

    @Test("Situation 16: answers that are none are asked for again with the same iterator, and are no end of a shard")
    func malformed() async throws {
        let table = try SandboxTable(items: 20)
        let bad: [SandboxFault] = [
            .emptyObject, .truncated, .html(status: 200), .html(status: 503), .garbledCompression, .dropConnection,
            .trickle(bytes: 64, interval: .milliseconds(1)), .delay(.milliseconds(30)),
        ]
        for fault in bad + [.badChecksum] { table.sandbox.faults.enqueue(.scan, fault) }
        for operation in [SandboxOperation.describeStream, .getShardIterator, .describeTable] {
            for fault in bad { table.sandbox.faults.enqueue(operation, fault) }
        }
        try await table.follow { replica in
            await replica.settle()
            table.release()
            let iterators = table.sandbox.calls(.getShardIterator).count
            for (number, fault) in bad.enumerated() {
                table.sandbox.faults.enqueue(.getRecords, fault, times: 3)
                try table.put("k\(number)")
                await replica.wait("\(fault) to be over") { _ in table.sandbox.faults.waiting == 0 }
                await replica.settle()
            }
            await replica.settle()
            #expect(replica.shardsEnded.isEmpty)
            #expect(table.sandbox.calls(.getShardIterator).count == iterators)
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test(
        "Situation 17: no iterator, or no shard, for a position whose shard is listed: asked again, and then its children"
    )
    func missingIterator() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            try table.put("k1")
            await replica.settle()
            let parent = table.openShards[0]
            table.sandbox.faults.enqueue(.getShardIterator, .emptyObject, times: 3, shard: parent)
            let absent = SandboxTable.refusal("ResourceNotFoundException", "Shard does not exist")
            table.sandbox.faults.enqueue(.getRecords, absent)
            table.sandbox.faults.enqueue(.getShardIterator, absent, times: 2, shard: parent)
            let child = try table.rotate(parent)
            try table.put("k2")
            await replica.settle()
            #expect(table.sandbox.faults.waiting == 0)
            #expect(table.iteratorTypes(parent).allSatisfy { $0 == "AFTER_SEQUENCE_NUMBER" || $0 == "LATEST" })
            #expect(table.iteratorTypes(child) == ["TRIM_HORIZON"])
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test(
        "Situation 17: a shard that is gone with what was not read of it is a gap, and the replica is built anew, once"
    )
    func vanished() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            let epoch = replica.epoch
            table.hold()
            let parent = table.openShards[0]
            try table.delete("k1")
            try table.rotate(parent)
            table.sandbox.remove(shard: parent, of: SandboxTable.name)
            table.release()
            await replica.wait("a rebuild") { $0.status.rebuilds == 1 }
            await replica.settle()
            #expect(replica.gaps.count == 1 && replica.epoch != epoch)
            try table.put("k2")
            await replica.settle()
            #expect(replica.status.rebuilds == 1)
        }
        await table.stop()
    }

    @Test(
        "Situation 18: records that were trimmed unread are a gap, said and mended by a rebuild, never skipped",
        arguments: [false, true]
    )
    func trimmed(atTheIterator: Bool) async throws {
        let table = try SandboxTable(items: 10)
        try await table.follow { replica in
            await replica.settle()
            let reader = try EventReader(port: replica.port)
            try table.put("k1")
            await replica.deliver(to: reader)
            table.hold()
            try table.delete("k2")
            try table.put("k3")
            await replica.wait("a refusal") { $0.troubles.contains("ThrottlingException") }
            table.sandbox.trim(shard: table.openShards[0], of: SandboxTable.name)
            try table.put("k4")
            // Scans do not get through, so that the old contents can be looked at while the new ones are built.
            table.release()
            table.sandbox.faults.enqueue(.scan, SandboxTable.refusal("ThrottlingException"), times: 1_000_000)
            if atTheIterator {
                table.sandbox.faults.enqueue(.getRecords, SandboxTable.refusal("ExpiredIteratorException"))
            }
            await replica.wait("rebuilding") { $0.status.state == .rebuilding }
            #expect(replica.status.reasonCode == .gap)
            #expect(replica.number("k2") != nil)
            table.release()
            await replica.settle()
            #expect(replica.gaps.count == 1)
            #expect(replica.number("k2") == nil)
            await replica.deliver(to: reader)
            #expect(reader.events.filter { $0.name == "reset" }.map(\.data).allSatisfy { $0.contains("rebuilt") })
            #expect(reader.events.contains { $0.name == "reset" })
            reader.close()
        }
        await table.stop()
    }

    @Test("Situation 18: a trim that is reported of a shard too young for one is no gap")
    func falseTrim() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            table.sandbox.faults.enqueue(.getRecords, SandboxTable.refusal("TrimmedDataAccessException"))
            try table.put("k1")
            await replica.settle()
            #expect(table.sandbox.faults.waiting == 0)
            #expect(table.iteratorTypes() == ["LATEST", "TRIM_HORIZON"])
            #expect(replica.gaps.isEmpty)
        }
        await table.stop()
    }

    @Test(
        "Situation 20: a shard that is throttled waits alone and takes up where it was, whatever the refusal is called",
        arguments: ["ThrottlingException", "LimitExceededException", "ProvisionedThroughputExceededException"]
    )
    func throttled(code: String) async throws {
        let table = try SandboxTable(shards: 2, items: 20)
        let refusal = SandboxTable.refusal(code)
        let hot = table.openShards[0]
        try await table.follow {
            $0.maximumLag = .seconds(5)
        } _: { replica in
            await replica.settle()
            table.hold(hot, refusal)
            table.sandbox.faults.enqueue(.describeStream, refusal, times: 1_000_000)
            for number in 0..<20 { try table.put("k\(number)") }
            await replica.wait("the other shard's keys") { $0.agreeing >= 3 }
            let isEqual = replica.isEqual
            #expect(!isEqual)
            table.advance(.seconds(600))
            await replica.wait("the lag to show") { $0.lag > 600_000 }
            await replica.wait("stale, by its name") { $0.status.reasonCode == .throttled }
            #expect(replica.status.state == .stale)
            let most = table.mostInASecond(.describeStream)
            #expect(most <= 11)
            table.release()
            await replica.settle()
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }
}
