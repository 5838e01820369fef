import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import ReplicaStore
import Replication
import Synchronization
import TableModel
import TestTools
import Testing

/// What broke other consumers in production, nine to fifteen.
@Suite struct FurtherFailureStoryTests {
    @Test("Story 9: rotations between two discoveries, over pages of shards, skip no generation")
    func generations() async throws {
        let table = try SandboxTable(shards: 24, items: 60) { $0.shardsPerListing = 10 }
        try await table.follow {
            $0.stream.pollInterval = .seconds(1)
        } _: { replica in
            await replica.settle()
            let roots = table.openShards
            table.sandbox.faults.enqueue(.describeStream, SandboxTable.refusal("ThrottlingException"), times: 1_000_000)
            for _ in 0..<5 {
                table.sandbox.rotateAll(of: SandboxTable.name)
                for number in 0..<60 { try table.put("k\(number)") }
                try table.delete("k7")
            }
            await replica.wait("the ends of what is known") { Set($0.shardsEnded) == Set(roots) }
            #expect(!replica.isEqual)
            table.release()
            await replica.settle()
            #expect(replica.shardsEnded.count == 24 * 5)
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test("Story 10: shards that are slow to set up, some of them failing, get there one by one; none is begun again")
    func slowSetUp() async throws {
        let table = try SandboxTable(shards: 200, items: 50)
        for number in 0..<10 {
            let failure = SandboxTable.refusal("InternalServerError", status: 500)
            table.sandbox.faults.enqueue(
                .getShardIterator,
                failure,
                times: 2,
                shard: table.openShards[number * 20]
            )
        }
        table.sandbox.faults.enqueue(.getShardIterator, .delay(.milliseconds(10)), times: 1_000_000)
        let progress = Mutex<[Int]>([])
        try await table.follow {
            $0.stream.pollInterval = .seconds(5)
            $0.stream.discoveryInterval = .seconds(30)
            $0.stream.limits.emptyPagesAtHead = 2
        } _: { replica in
            await replica.wait("all of them") { replica in
                let known = Set(table.sandbox.calls(.getRecords).compactMap(\.shard)).count
                progress.withLock { $0.append(known) }
                if known < 200, replica.status.state != .starting { #expect(replica.status.state == .syncing) }
                return known == 200
            }
            await replica.settle()
            let steps = progress.withLock { $0 }
            #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 })
            // A busy machine gives up calls that take too long, and asks again; but no shard that is read gets another iterator.
            var (asked, read): ([String: Int], Set<String>) = ([:], [])
            for call in table.sandbox.calls {
                guard let shard = call.shard else { continue }
                if call.operation == .getRecords { read.insert(shard) }
                guard call.operation == .getShardIterator else { continue }
                asked[shard, default: 0] += 1
                #expect(!read.contains(shard), "\(shard) is begun again")
            }
            #expect(asked.count == 200)
            for number in 0..<10 { #expect(asked[table.openShards[number * 20], default: 0] >= 3) }
        }
        await table.stop()
    }

    @Test("Story 11: sixteen minutes of standing still, then a shard that is deleted under its reader")
    func expiredAndDeleted() async throws {
        let table = try SandboxTable(shards: 2, items: 20)
        try await table.follow { replica in
            await replica.settle()
            let (read, idle) = (table.openShards[0], table.openShards[1])
            // Only one of the shards is written to.
            var key = 0
            func records() -> Int { table.shards.first { $0.id == read }?.sequenceNumbers.count ?? 0 }
            let before = records()
            while records() == before {
                try table.put("k\(key)")
                key += 1
            }
            await replica.settle()
            table.advance(.seconds(16 * 60))
            for number in 0..<20 { try table.put("k\(number)") }
            await replica.settle()
            #expect(table.iteratorTypes(read) == ["LATEST", "AFTER_SEQUENCE_NUMBER"])
            #expect(["TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER"].contains(table.iteratorTypes(idle).last ?? ""))
            #expect(!table.iteratorTypes(idle).dropFirst().contains("LATEST"))
            #expect(replica.gaps.isEmpty)
            table.sandbox.remove(shard: read, of: SandboxTable.name)
            await replica.wait("a gap") { $0.status.rebuilds == 1 }
            await replica.settle()
            let asked = table.sandbox.calls(.getRecords).filter { $0.shard == read }.count
            table.advance(.seconds(60))
            await replica.settle()
            #expect(replica.status.rebuilds == 1)
            #expect(table.sandbox.calls(.getRecords).filter { $0.shard == read }.count == asked)
        }
        await table.stop()
    }

    @Test("Story 12: empty pages between records, and pages that end with their shard, are not the end of anything")
    func emptyPages() async throws {
        let table = try SandboxTable(shards: 2, items: 30)
        // Also where the replica begins.
        for operation in [SandboxOperation.getRecords, .describeStream, .scan] {
            table.sandbox.faults.enqueue(operation, .emptyPage, times: 3)
        }
        try await table.follow {
            $0.stream.recordLimit = 3
        } _: { replica in
            await replica.settle()
            for round in 0..<6 {
                table.sandbox.faults.enqueue(.getRecords, .emptyPage, times: 4)
                for number in 0..<12 { try table.put("k\((round * 7 + number) % 30)") }
                try table.delete("k\(round)")
                // The last page is full, and ends where the shard does.
                if round % 2 == 1 { try table.rotate(table.openShards[0]) }
                table.sandbox.faults.enqueue(.describeStream, .emptyPage)
            }
            await replica.settle()
            #expect(replica.shardsEnded.count == 3)
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test("Story 13: an item that is put, removed and put again, in one page and across a split, comes in that order")
    func order() async throws {
        let table = try SandboxTable(items: 4)
        try await table.follow { replica in
            await replica.settle()
            let reader = try EventReader(port: replica.port)
            await replica.deliver(to: reader)
            for round in 0..<4 {
                table.hold()
                for _ in 0..<3 {
                    try table.delete("k1")
                    try table.put("k1")
                    try table.put("k2")
                }
                if round < 2 { table.sandbox.split(shard: table.openShards[0], of: SandboxTable.name) }
                try table.delete("k2")
                try table.put("k1")
                if round % 2 == 0 { try table.put("k2") }
                table.release()
                table.sandbox.faults.enqueue(.getRecords, .repeatRecords(count: 5))
                await replica.settle()
                await replica.deliver(to: reader)
            }
            let ids = reader.changes.compactMap(\.id)
            #expect(Set(ids).count == ids.count)
            #expect(replica.items.count == replica.store.snapshot?.itemCount)
            reader.close()
        }
        await table.stop()
    }

    @Test(
        "Story 14: writes during the scan, keys of bytes and with separators, and clocks five minutes apart",
        arguments: [Duration.seconds(-300), .zero, .seconds(300)]
    )
    func race(skew: Duration) async throws {
        let schema = KeySchema(
            partition: KeyAttribute(name: "id", type: .binary),
            sort: KeyAttribute(name: "part", type: .string)
        )
        let table = try SandboxTable(shards: 2, schema: schema, skew: skew) { $0.scanPageItems = 3 }
        let sandbox = table.sandbox
        let partitions: [[UInt8]] = [[0], [0, 0], [255], [0, 1, 0], Array("a|b".utf8)]
        let sorts = ["", "a", "a|b", "a#b", "a/b", "a\u{0}b", "b|a"].filter { !$0.isEmpty }
        @Sendable func key(_ number: Int) -> [AttributeName: AttributeValue] {
            ["id": .binary(partitions[number % 5]), "part": .string(sorts[number % 6])]
        }
        @Sendable func put(_ number: Int, _ value: Int) {
            let item = key(number).merging(["n": .number("\(value)")]) { old, _ in old }
            try? sandbox.put(item, into: SandboxTable.name)
        }
        for number in 0..<30 { put(number, 0) }
        let pages = Mutex(0)
        sandbox.onCall { call in
            guard call.operation == .scan else { return }
            let page = pages.withLock { pages in
                pages += 1
                return pages
            }
            for step in 0..<6 {
                let number = (page * 7 + step * 5) % 30
                put(number, page * 10 + step)
                if step % 3 == 2 { try? sandbox.delete(key(number), from: SandboxTable.name) }
                if step == 5 { put(number, page * 10 + 6) }
            }
        }
        try await table.follow {
            $0.scanSegments = 2
        } _: { replica in
            await replica.settle()
            #expect(pages.withLock { $0 } > 4)
            for number in 0..<30 { put(number, 1_000 + number) }
            await replica.settle()
            #expect((replica.status.lagMilliseconds ?? -1) >= 0)
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test(
        "Story 15: another stream, with lower sequence numbers, is noticed by its name and begun anew; subscribers hear it"
    )
    func newStream() async throws {
        let table = try SandboxTable(items: 10)
        let directory = SandboxTable.directory()
        defer { SandboxTable.remove(directory) }
        func renew() throws {
            table.sandbox.disableStream(of: SandboxTable.name)
            try table.put("k1")
            try table.delete("k\(table.contents?.count ?? 0)")
            table.advance(.seconds(2))
            table.sandbox.restartSequenceNumbers(at: 100_000_000_000_000_000_000)
            table.sandbox.enableStream(of: SandboxTable.name, .newAndOldImages)
            try table.put("k2")
        }
        try await table.follow(directory: directory) { replica in
            await replica.settle()
            let reader = try EventReader(port: replica.port)
            for number in 0..<10 { try table.put("k\(number)") }
            await replica.deliver(to: reader)
            let epoch = replica.epoch
            try renew()
            await replica.wait("another epoch") { $0.epoch != epoch }
            await replica.settle()
            try table.put("k3")
            await replica.deliver(to: reader)
            #expect(reader.events.contains { $0.name == "reset" && $0.data.contains("rebuilt") })
            #expect(replica.status.rebuilds == 1)
            await replica.wait("a saved state") { $0.status.savedState?.savedSeq == $0.store.snapshot?.position.seq }
            reader.close()
        }
        // The same while nobody looks.
        try renew()
        try await table.follow(directory: directory) { replica in
            await replica.settle()
            #expect(replica.status.savedState?.isResumed == false)
            let rejected = replica.observer.events.filter { if case .stateRejected = $0 { true } else { false } }
            #expect(rejected.count == 1)
        }
        await table.stop()
    }

    @Test("credentials that are changed every few seconds, and verified at each call, interrupt nothing")
    func rotatingCredentials() async throws {
        let keys = (0..<5).map { number in
            SandboxKey(accessKeyID: "AKID\(number)", secretAccessKey: "secret\(number)", sessionToken: "token\(number)")
        }
        let provider = RotatingCredentials(keys)
        let table = try SandboxTable(items: 10) { $0.keys = [keys[0]] }
        try await table.follow(credentials: provider) { replica in
            for key in keys.dropFirst() {
                await replica.settle()
                let present = table.time.clock.now
                // The old key is over, the new one counts: the client hears it from the next call.
                var over = provider.key
                over.expiresAt = present
                let known = [over, key]
                table.sandbox.configure { $0.keys = known }
                provider.end()
                try table.put("k1")
                await replica.wait("the change of keys") { _ in provider.key.accessKeyID == key.accessKeyID }
            }
            await replica.settle()
            #expect(replica.status.departures == [:])
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }
}

/// Hands out a key until the service says that it has expired, then the next.
private final class RotatingCredentials: CredentialsProvider {
    private let keys: [SandboxKey]
    private let place = Mutex((index: 0, isOver: false))

    init(_ keys: [SandboxKey]) { self.keys = keys }

    /// The key in use.
    var key: SandboxKey { keys[place.withLock { $0.index }] }

    func credentials() async throws(DynamoDBError) -> Credentials {
        let key = key
        return Credentials(
            accessKeyID: key.accessKeyID,
            secretAccessKey: key.secretAccessKey,
            sessionToken: key.sessionToken
        )
    }

    /// Says that the service refuses the key in use from now on.
    func end() { place.withLock { $0.isOver = true } }

    func replacement(of rejected: Credentials) async -> Credentials? {
        // Several calls may have been refused with the old key: it is changed once.
        place.withLock { place in
            if place.isOver { place = (min(place.index + 1, keys.count - 1), false) }
        }
        return try? await credentials()
    }
}
