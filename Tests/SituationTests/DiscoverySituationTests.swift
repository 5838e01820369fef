import DynamoDBStream
import DynamoSandbox
import Replication
import TableModel
import Testing

/// The situations that are about which shards there are, and in which order they are read.
@Suite struct DiscoverySituationTests {
    @Test("Situation 1: what was written to a child before it was listed is applied, and nothing is opened at LATEST")
    func childBeforeDiscovery() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            let child = try table.rotate(table.openShards[0], hiddenListings: 3)
            for key in ["k1", "new", "k2"] { try table.put(key) }
            await replica.settle()
            #expect(table.iteratorTypes(child) == ["TRIM_HORIZON"])
            #expect(table.iteratorTypes().filter { $0 == "LATEST" }.count == 1)
        }
        await table.stop()
    }

    @Test("Situation 2: an idle shard is followed through generations, each of them empty before its child's record")
    func idleRotation() async throws {
        let table = try SandboxTable(items: 3)
        try await table.follow { replica in
            await replica.settle()
            var shard = table.openShards[0]
            for key in ["k1", "k2"] {
                shard = try table.rotate(shard)
                shard = try table.rotate(shard)
                try table.put(key)
                await replica.settle()
            }
            #expect(table.iteratorTypes().filter { $0 == "LATEST" }.count == 1)
            #expect(replica.shardsEnded.count == 4)
        }
        await table.stop()
    }

    @Test(
        "Situation 9: 250 shards over pages, one of them empty with a cursor, and a cursor that comes twice",
        .timeLimit(.minutes(2))
    )
    func manyPages() async throws {
        let table = try SandboxTable(shards: 250) { $0.describeStreamsPerSecond = 10 }
        for number in 0..<300 { try table.put("k\(number)") }
        table.sandbox.faults.enqueue(.describeStream, .emptyPage)
        table.sandbox.faults.enqueue(.describeStream, .repeatedCursor)
        try await table.follow {
            $0.stream.pollInterval = .seconds(5)
            $0.stream.discoveryInterval = .seconds(30)
            $0.stream.limits.emptyPagesAtHead = 2
        } _: { replica in
            await replica.settle()
            #expect(Set(table.sandbox.calls(.getRecords).compactMap(\.shard)).count == 250)
            #expect(table.iteratorTypes() == Array(repeating: "LATEST", count: 250))
            #expect(replica.troubles.contains("RepeatedCursor"))
            #expect(table.mostInASecond(.describeStream) <= 10)
            for number in 0..<300 { try table.put("k\(number)") }
            await replica.settle()
        }
        await table.stop()
    }

    @Test("Situation 10: a child that is listed before its parent is read after it, for the sake of their common key")
    func childListedFirst() async throws {
        let table = try SandboxTable(items: 3) { $0.listsNewestFirst = true }
        try await table.follow { replica in
            await replica.settle()
            let parent = table.openShards[0]
            table.hold()
            for _ in 0..<3 { try table.put("k1") }
            let child = try table.rotate(parent)
            for _ in 0..<3 { try table.put("k1") }
            await replica.wait("the child to be listed") { $0.shardsAdded.contains(child) }
            #expect(table.iteratorTypes(child).isEmpty)
            table.release()
            await replica.settle()
            let reads = table.sandbox.calls(.getRecords).compactMap(\.shard)
            let first = try #require(reads.firstIndex(of: child))
            #expect(!reads[first...].contains(parent))
        }
        await table.stop()
    }

    @Test("Situation 11: children that are closed when they are first listed are read, and so are theirs")
    func closedChild() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow { replica in
            await replica.settle()
            table.hold()
            table.sandbox.faults.enqueue(.describeStream, SandboxTable.refusal("InternalServerError"), times: 1_000_000)
            var shards = [table.openShards[0]]
            for round in 0..<4 {
                shards.append(try table.rotate(shards[round]))
                try table.put("k\(round)")
            }
            table.sandbox.split(shard: shards[4], of: SandboxTable.name)
            for number in 0..<5 { try table.put("k\(number)") }
            table.release()
            await replica.settle()
            #expect(replica.shardsEnded == shards)
            #expect(shards.dropFirst().allSatisfy { table.iteratorTypes($0).first == "TRIM_HORIZON" })
        }
        await table.stop()
    }

    @Test("Situation 12: a shard whose parent was trimmed before the first listing is a root, and is not waited for")
    func trimmedParent() async throws {
        let table = try SandboxTable(items: 5) { $0.shardsPerListing = 1 }
        let root = table.openShards[0]
        let child = try table.rotate(root)
        let grandchild = try table.rotate(child)
        table.sandbox.remove(shard: root, of: SandboxTable.name)
        let sandbox = table.sandbox
        // And one more goes between two pages of the listing.
        sandbox.onCall { call in
            guard call.operation == .describeStream, call.continuesPage else { return }
            sandbox.remove(shard: child, of: SandboxTable.name)
        }
        try await table.follow { replica in
            await replica.settle()
            try table.put("k1")
            await replica.settle()
            #expect(table.iteratorTypes(grandchild).first == "LATEST")
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test("Situation 12: a parent that goes unread while the replica follows is a gap, not a wait for ever")
    func lostParent() async throws {
        let table = try SandboxTable(items: 5)
        try await table.follow {
            $0.stream.limits.missingParentPatience = .seconds(4)
        } _: { replica in
            await replica.settle()
            table.hold()
            let child = try table.rotate(table.openShards[0], hiddenListings: 1_000_000)
            try table.delete("k1")
            try table.put("k2")
            try table.rotate(child)
            table.sandbox.remove(shard: child, of: SandboxTable.name)
            table.release()
            await replica.wait("a rebuild") { $0.status.rebuilds == 1 }
            await replica.settle()
            #expect(replica.gaps.count == 1)
        }
        await table.stop()
    }

    @Test("Situation 13: children that are listed late are looked for with bounded calls, while other shards go on")
    func lateChildren() async throws {
        let table = try SandboxTable(shards: 2, items: 20)
        try await table.follow { replica in
            await replica.settle()
            let parent = table.openShards[0]
            table.sandbox.forgetCalls()
            let began = table.time.clock.now
            let children = table.sandbox.split(shard: parent, of: SandboxTable.name, hiddenListings: 4)
            for number in 0..<20 { try table.put("k\(number)") }
            await replica.wait("the other shard's keys") { $0.agreeing >= 4 }
            await replica.settle()
            #expect(children.allSatisfy { table.iteratorTypes($0) == ["TRIM_HORIZON"] })
            #expect(replica.shardsAdded.filter(children.contains).count == 2)
            #expect(replica.shardsEnded == [parent])
            let seconds = Double(table.time.clock.now - began) / 1_000
            #expect(Double(table.sandbox.calls(.describeStream).count) <= 5 + 10 * max(1, seconds))
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test(
        "Situation 14: a parent that is listed as open for ever is read, then its children are",
        arguments: [false, true]
    )
    func openParent(neverEnds: Bool) async throws {
        let table = try SandboxTable(items: 3)
        try await table.follow { replica in
            await replica.settle()
            let parent = table.openShards[0]
            table.sandbox.keepLookingOpen(shard: parent, neverEnds: neverEnds)
            table.hold()
            for _ in 0..<2 { try table.put("k1") }
            let child = try table.rotate(parent)
            try table.put("k1")
            table.release()
            await replica.settle()
            #expect(replica.shardsEnded == [parent])
            let reads = table.sandbox.calls(.getRecords).compactMap(\.shard)
            let first = try #require(reads.firstIndex(of: child))
            #expect(!reads[first...].contains(parent))
        }
        await table.stop()
    }

    @Test("Situation 19: a shard that has ended, and is listed on and off for two days, is not opened again")
    func finishedShard() async throws {
        let table = try SandboxTable(items: 3)
        let parent = table.openShards[0]
        try await table.follow { replica in
            await replica.settle()
            let child = try table.rotate(parent)
            try table.put("k1")
            await replica.settle()
            for flap in 0..<6 {
                table.advance(.seconds(9 * 3_600))
                table.sandbox.hide(shard: parent, listings: flap % 2 == 0 ? 2 : 0)
                try table.put("k\(flap % 3)")
                await replica.settle()
            }
            #expect(table.iteratorTypes(parent) == ["LATEST"])
            #expect(replica.shardsEnded == [parent])
            await replica.wait("the shard to be forgotten") { !$0.status.shards.map(\.id).contains(parent) }
            #expect(replica.status.shards.map(\.id) == [child])
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test("Situation 21: of 700 shards one cannot be set up; the others are, once each, and it alone is tried again")
    func failingSetUp() async throws {
        let table = try SandboxTable(shards: 700, items: 50)
        let failing = table.openShards[350]
        table.sandbox.faults.enqueue(
            .getShardIterator,
            SandboxTable.refusal("InternalServerError", status: 500),
            times: 1_000_000,
            shard: failing
        )
        try await table.follow {
            $0.stream.pollInterval = .seconds(10)
            $0.stream.discoveryInterval = .seconds(60)
            $0.stream.limits.emptyPagesAtHead = 1
            // A busy machine does not make 700 calls in a second, and falls behind on this clock.
            $0.maximumLag = .seconds(600)
        } _: { replica in
            await replica.wait("the others") { _ in
                Set(table.sandbox.calls(.getRecords).compactMap(\.shard)).count == 699
            }
            await replica.wait("it to be tried again") { _ in table.iteratorTypes(failing).count >= 4 }
            #expect(replica.status.state == .syncing)
            #expect(replica.status.reasonCode != .following)
            #expect(replica.troubles.allSatisfy { $0 == "InternalServerError" })
            table.release()
            await replica.settle()
            let others = table.sandbox.calls(.getShardIterator).filter { $0.shard != failing }
            #expect(others.count == 699)
            for number in 0..<50 { try table.put("k\(number)") }
            await replica.settle()
        }
        await table.stop()
    }
}
