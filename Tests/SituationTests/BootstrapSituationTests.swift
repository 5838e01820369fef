import DynamoDBClient
import DynamoSandbox
import HTTPServer
import ReplicaStore
import Replication
import Synchronization
import TableModel
import TestTools
import Testing

/// The situations that are about the start: bookmark, scan, and what is written meanwhile.
@Suite struct BootstrapSituationTests {
    @Test(
        "Situation 3: a scan that takes longer than an iterator lives loses nothing of what is written meanwhile",
        arguments: [Duration.seconds(240), .seconds(960)]
    )
    func longScan(step: Duration) async throws {
        let table = try SandboxTable(shards: 2, items: 40) { $0.scanPageItems = 3 }
        let pages = Mutex(0)
        table.sandbox.onCall { call in
            guard call.operation == .scan else { return }
            let page = pages.withLock { pages in
                pages += 1
                return pages
            }
            guard page <= 10 else { return }
            table.advance(step)
            // A hook cannot throw; a write that fails shows as a difference.
            try? table.put("k\(page * 3)")
            try? table.delete("k\(page)")
            try? table.put("new\(page)")
        }
        try await table.follow {
            $0.scanSegments = 1
        } _: { replica in
            await replica.settle()
            #expect(pages.withLock { $0 } > 10)
            #expect(table.iteratorTypes().prefix(2) == ["LATEST", "LATEST"])
            #expect(!table.iteratorTypes().dropFirst(2).contains("LATEST"))
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }

    @Test("Situation 6: what a LATEST iterator passes over is seen by the scan, which begins later")
    func latestSlack() async throws {
        let table = try SandboxTable(items: 10) { $0.latestSlack = .seconds(1) }
        let isWritten = Mutex(false)
        table.sandbox.onCall { call in
            guard call.operation == .getRecords, !isWritten.withLock({ $0 }) else { return }
            isWritten.withLock { $0 = true }
            for number in 0..<5 { try? table.put("k\(number)") }
            try? table.delete("k7")
        }
        try await table.follow { replica in
            await replica.settle()
            #expect(isWritten.withLock { $0 })
            // Not from the stream.
            #expect(replica.status.changesApplied == 0)
            try table.put("k1")
            await replica.settle()
        }
        await table.stop()
    }

    @Test("Situation 7: the scan asks for consistent reads, so a write before the bookmark is never missing")
    func staleScan() async throws {
        let table = try SandboxTable(items: 10) { $0.replicaLag = .seconds(7_200) }
        table.advance(.seconds(36_000))
        // What a read that is not consistent does not show for two hours.
        for number in 0..<5 { try table.put("k\(number)") }
        try table.put("new")
        try await table.follow { replica in
            await replica.settle()
            let scans = table.sandbox.calls(.scan)
            #expect(!scans.isEmpty && scans.allSatisfy(\.consistent))
            #expect(replica.number("new") != nil)
            #expect(replica.status.changesApplied == 0)
        }
        await table.stop()
    }

    @Test("Situation 8: what the stream tells again of a key is seen by no reader and by no subscriber")
    func timeTravel() async throws {
        let table = try SandboxTable(items: 6)
        let isWritten = Mutex(false)
        table.sandbox.onCall { call in
            guard call.operation == .scan, !isWritten.withLock({ $0 }) else { return }
            isWritten.withLock { $0 = true }
            // The scan reads the last of these; the stream begins with the first.
            for _ in 0..<3 { try? table.put("k1") }
            try? table.delete("k2")
            for _ in 0..<2 {
                try? table.delete("k3")
                try? table.put("k3")
            }
            try? table.put("short")
            try? table.delete("short")
        }
        try await table.follow { replica in
            await replica.settle()
            let reader = try EventReader(port: replica.port)
            await replica.deliver(to: reader)
            #expect(reader.changes.compactMap(\.key).sorted() == ["k0", "k1", "k3", "k4", "k5"])
            let position = replica.store.snapshot?.position
            // The endpoint tells all of it once more, and once more again.
            for count in [3, 20] {
                table.sandbox.faults.enqueue(.getRecords, .repeatRecords(count: count))
                await replica.wait("the repetition") { _ in table.sandbox.faults.waiting == 0 }
            }
            try table.put("k4")
            await replica.deliver(to: reader)
            #expect(reader.changes.count == 6)
            #expect(replica.store.snapshot?.position.seq == position.map { $0.seq + 1 })
            reader.close()
        }
        await table.stop()
    }

    @Test(
        "Situation 24: changes without number during the scan, and a subscriber that never reads, cost bounded memory"
    )
    func overflow() async throws {
        let table = try SandboxTable(items: 40) { $0.scanPageItems = 3 }
        let left = Mutex(10_000)
        table.sandbox.onCall { call in
            guard call.operation == .scan, left.withLock({ $0 }) > 0 else { return }
            for number in 0..<2_000 {
                if number % 5 == 0 { try? table.delete("k\(number % 50)") } else { try? table.put("k\(number % 50)") }
            }
            left.withLock { $0 -= 2_000 }
        }
        var limits = HTTPServerLimits()
        limits.writeStallTimeout = .milliseconds(300)
        limits.unsentBytes = 4_096
        try await table.follow(server: limits) {
            $0.scanSegments = 1
        } _: { replica in
            await replica.settle()
            #expect(left.withLock { $0 } == 0)
            // The newest state of each key and no more.
            var states = 0
            replica.store.snapshot?.forEachChange(after: 0) { _ in
                states += 1
                return true
            }
            #expect(states <= 50)
            let slow = try EventReader(port: replica.port, window: 2_048, isReading: false)
            let fast = try EventReader(port: replica.port)
            // What the slow one does not take is not kept for it: it is conflated, and ended when it takes nothing at all.
            for number in 0..<5_000 { try table.put("k\(number % 50)") }
            await replica.deliver(to: fast)
            for number in 0..<4_000 {
                try table.put("more\(number)")
                if number % 1_000 == 999 { await replica.deliver(to: fast) }
            }
            #expect(slow.drainToEnd())
            #expect(!fast.isOver)
            #expect(replica.status.rebuilds == 0)
            #expect(replica.isLive)
            fast.close()
        }
        await table.stop()
    }

    @Test("Situation 25: numbers, keys and identities of every form are followed as they are")
    func identities() async throws {
        let schema = KeySchema(
            partition: KeyAttribute(name: "id", type: .number),
            sort: KeyAttribute(name: "part", type: .binary)
        )
        // A digit more after a few records, and pages of a few records.
        let table = try SandboxTable(viewType: .newImage, schema: schema) {
            $0.firstSequenceNumber = 999_999_999_999_999_997_000
            $0.pageBytes = 400
        }
        let sandbox = table.sandbox
        func put(_ id: String, _ part: [UInt8], _ more: [AttributeName: AttributeValue] = [:]) throws {
            let key: [AttributeName: AttributeValue] = ["id": .number(id), "part": .binary(part)]
            try sandbox.put(key.merging(more) { old, _ in old }, into: SandboxTable.name)
        }
        func odd(_ round: String) throws {
            try put("1E+2", [1], ["round": .string(round)])
            try put("100", [1], ["same": .bool(true), "round": .string(round)])
            try put("-0.00", [0, 255, 0], ["digits": .number("1234567890123456789012345678901234567.8")])
            try put(
                "9.9E+125",
                [3],
                ["nothing": .null, "empty": .string(""), "nested": .map(["list": .list([.null])])]
            )
            try put("7", [7])
            try put("8", [8], ["round": .string(round)])
        }
        try odd("before")
        try await table.follow { replica in
            await replica.settle()
            for number in 0..<40 { try odd("during \(number)") }
            let numbers = table.shards.flatMap(\.sequenceNumbers)
            #expect(numbers.first?.utf8.count == 21 && numbers.last?.utf8.count == 22)
            let key: [AttributeName: AttributeValue] = ["id": .number("7"), "part": .binary([7])]
            try sandbox.appendRecord(of: key, in: SandboxTable.name, eventName: "EVOLVE")
            try sandbox.appendRecord(of: key, in: SandboxTable.name, eventName: "EVOLVE", eventVersion: "9.9")
            for isLarge in [true, false] {
                sandbox.configure { $0.capitalizesUserIdentity = isLarge }
                let id = isLarge ? "7" : "8"
                try sandbox.expire(["id": .number(id), "part": .binary([isLarge ? 7 : 8])], in: SandboxTable.name)
                await replica.settle()
            }
            // A removal without an old image.
            try sandbox.delete(["id": .number("100.0"), "part": .binary([1])], from: SandboxTable.name)
            await replica.settle()
            var causes: [ChangeCause] = []
            replica.store.snapshot?.forEachChange(after: 0) { record in
                if record.isTombstone { causes.append(record.cause) }
                return true
            }
            #expect(causes == [.ttl, .ttl, .stream])
            let unknown = replica.observer.events.filter { if case .unknownRecord = $0 { true } else { false } }
            #expect(unknown.count == 1)
            #expect(replica.status.rebuilds == 0)
        }
        await table.stop()
    }
}
