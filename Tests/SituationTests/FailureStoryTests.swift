import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import ReplicaStore
import Replication
import Synchronization
import TableModel
import TestTools
import Testing

/// What broke other consumers in production, one to eight.
@Suite struct FailureStoryTests {
    @Test("Story 1: a bootstrap of thirty hours, while shards rotate and are trimmed, ends equal and without a gap")
    func longBootstrap() async throws {
        let table = try SandboxTable(shards: 2, items: 40) { $0.scanPageItems = 3 }
        // Pages come slowly enough for the stream to be read in between.
        table.sandbox.faults.enqueue(.scan, .delay(.milliseconds(40)), times: 1_000)
        let began = table.time.clock.now
        let pages = Mutex(0)
        table.sandbox.onCall { call in
            guard call.operation == .scan else { return }
            let page = pages.withLock { pages in
                pages += 1
                return pages
            }
            guard page <= 11 else { return }
            table.advance(.seconds(3 * 3_600))
            for number in 0..<8 { try? table.put("k\((page * 5 + number) % 40)") }
            try? table.delete("k\(page)")
            if page % 3 == 0 { table.sandbox.rotateAll(of: SandboxTable.name) }
        }
        try await table.follow {
            $0.scanSegments = 1
        } _: { replica in
            await replica.settle()
            #expect(table.time.clock.now - began > 30 * 3_600_000)
            #expect(replica.status.rebuilds == 0, "\(replica.gaps)")
            try table.put("k1")
            await replica.settle()
        }
        await table.stop()
    }

    @Test("Story 2: five minutes of denied access take Ready away with their reason, and nothing is lost")
    func denied() async throws {
        let table = try SandboxTable(items: 10)
        try await table.follow { replica in
            await replica.settle()
            table.hold(nil, SandboxTable.refusal("AccessDeniedException"))
            table.sandbox.faults.enqueue(
                .describeStream,
                SandboxTable.refusal("AccessDeniedException"),
                times: 1_000_000
            )
            try table.put("k1")
            // Seen before the clock jumps: otherwise the first news after five minutes is that nothing was read.
            await replica.wait("refused") {
                $0.status.shards.contains { $0.lastError?.contains("AccessDenied") == true }
            }
            table.advance(.seconds(300))
            await replica.wait("stale") { $0.status.state == .stale && $0.status.reasonCode == .accessDenied }
            #expect(replica.lag >= 300_000)
            try table.delete("k2")
            table.release()
            await replica.settle()
            #expect(replica.status.departures == [.accessDenied: 1])
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test(
        "Story 3: a state of thirty hours ago is thrown away, deletions since are told, and no dead consumer saves one"
    )
    func poisonedSnapshot() async throws {
        let table = try SandboxTable(items: 10)
        let directory = SandboxTable.directory()
        defer { SandboxTable.remove(directory) }
        var left: String?
        try await table.follow(directory: directory) { replica in
            await replica.settle()
            await replica.wait("a saved state") { $0.status.savedState?.savedSeq == $0.store.snapshot?.position.seq }
            left = replica.store.snapshot?.position.description
            let readAt = replica.status.savedState?.streamReadAt
            // The stream is dead from here on: the state must not seem younger for it.
            table.hold()
            table.advance(.seconds(60))
            await replica.wait("the lag") { $0.lag > 60_000 }
            #expect((replica.status.savedState?.streamReadAt ?? 0) - (readAt ?? 0) < 30_000)
        }
        table.release()
        for number in 0..<5 { try table.delete("k\(number)") }
        try table.put("k7")
        table.advance(.seconds(30 * 3_600))
        table.sandbox.forgetCalls()
        try await table.follow(directory: directory) { replica in
            await replica.settle()
            #expect(!table.sandbox.calls(.scan).isEmpty)
            #expect(replica.status.savedState?.isResumed == false)
            #expect(replica.items.count == 5)
            let reader = try EventReader(port: replica.port, "/v1/events?last_event_id=\(left ?? "")")
            await replica.deliver(to: reader)
            #expect(reader.events.first { $0.name == "reset" }?.data.contains("other-epoch") == true)
            reader.close()
        }
        await table.stop()
    }

    @Test("Story 4: forty pages of shards, under a bound that others use up too, are listed without a storm or a reset")
    func describeThrottling() async throws {
        let table = try SandboxTable(shards: 120, items: 60) {
            $0.shardsPerListing = 3
            $0.describeStreamsPerSecond = 6
        }
        try await table.follow {
            $0.stream.pollInterval = .seconds(5)
            $0.stream.discoveryInterval = .seconds(20)
            $0.stream.limits.emptyPagesAtHead = 2
        } _: { replica in
            await replica.settle()
            for shard in table.openShards.prefix(3) { try table.rotate(shard) }
            for number in 0..<60 { try table.put("k\(number)") }
            await replica.settle()
            // The listing keeps to ten; of a refused call the client makes one more attempt.
            #expect(table.mostInASecond(.describeStream) <= 20)
            #expect(replica.troubles.contains("LimitExceededException"))
            #expect(replica.status.rebuilds == 0)
            #expect(table.iteratorTypes().filter { $0 == "LATEST" }.count == 120)
        }
        await table.stop()
    }

    @Test("Story 5: an empty table, and a quiet one after a restart, are live within a bound, on evidence")
    func idle() async throws {
        let table = try SandboxTable(shards: 3)
        let directory = SandboxTable.directory()
        defer { SandboxTable.remove(directory) }
        for _ in 0..<2 {
            table.sandbox.forgetCalls()
            let began = table.time.clock.now
            try await table.follow(directory: directory) { replica in
                await replica.settle()
                // Ten times what it takes, for a busy machine.
                #expect(table.time.clock.now - began < 100_000)
                for shard in table.openShards {
                    #expect(table.sandbox.calls(.getRecords).filter { $0.shard == shard }.count >= 5)
                }
                await replica.wait("no lag") { $0.status.lagMilliseconds == 0 }
                await replica.wait("a saved state") { $0.status.savedState?.savedSeq != nil }
            }
        }
        #expect(table.sandbox.calls(.scan).isEmpty)
        await table.stop()
    }

    @Test("Story 6: a replica that reads more slowly than the table is written says so, by state, reason and lag")
    func lagging() async throws {
        let table = try SandboxTable(items: 10)
        try await table.follow {
            $0.stream.recordLimit = 1
            $0.maximumLag = .seconds(3)
        } _: { replica in
            await replica.settle()
            table.sandbox.faults.enqueue(.getRecords, .delay(.milliseconds(15)), times: 1_000_000)
            for number in 0..<70 { try table.put("k\(number % 10)") }
            await replica.wait("stale") { $0.status.state == .stale }
            #expect(replica.status.reasonCode == .lagging)
            #expect(replica.lag > 3_000)
            table.release()
            await replica.settle()
            #expect(replica.status.departures == [.lagging: 1])
            await replica.wait("no lag") { $0.status.lagMilliseconds == 0 }
        }
        await table.stop()
    }

    @Test("Story 7: what comes on a shard's last page, with a null iterator, is applied before its child is read")
    func finalPage() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            let reader = try EventReader(port: replica.port, "/v1/events?snapshot=never")
            await replica.wait("the subscription") { _ in reader.events.contains { $0.name == "hello" } }
            let parent = table.openShards[0]
            table.hold()
            for number in 0..<5 { try table.put("k\(number)") }
            let child = try table.rotate(parent)
            for number in 0..<5 { try table.put("k\(number)") }
            table.release()
            await replica.settle()
            let calls = table.sandbox.calls
            let last = try #require(calls.lastIndex { $0.operation == .getRecords && $0.shard == parent })
            let first = try #require(calls.firstIndex { $0.operation == .getShardIterator && $0.shard == child })
            #expect(last < first)
            await replica.deliver(to: reader)
            reader.close()
        }
        await table.stop()
    }

    @Test("Story 8: a child that has records before it is discovered loses none, though the replica began at LATEST")
    func childAtLatest() async throws {
        let table = try SandboxTable(shards: 2, items: 20)
        let roots = table.openShards
        try await table.follow { replica in
            await replica.settle()
            for _ in 0..<3 {
                for shard in table.openShards {
                    table.sandbox.split(shard: shard, of: SandboxTable.name, hiddenListings: 2)
                    for number in 0..<20 { try table.put("k\(number)") }
                }
                try table.delete("k3")
                await replica.settle()
            }
            let latest = table.sandbox.calls(.getShardIterator).filter { $0.iteratorType == "LATEST" }
            #expect(Set(latest.compactMap(\.shard)) == Set(roots))
        }
        await table.stop()
    }
}
