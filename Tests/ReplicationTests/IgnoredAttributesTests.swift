import Basics
import DynamoDBClient
import DynamoSandbox
import ReplicaStore
import StateStore
import TableModel
import TestTools
import Testing

@testable import Replication

/// `--ignore-attributes`: the replica is the table without them, and a write that only touches them is no change.
@Suite struct IgnoredAttributesTests {
    private static let table = SavedStateHarness.table

    private static func patterns(_ text: String = "aws:rep:*") throws -> AttributePatterns {
        try #require(AttributePatterns(text))
    }

    /// The table's items without the attributes.
    private static func contents(of sandbox: DynamoSandbox, without patterns: AttributePatterns) throws -> Set<Item> {
        Set(try sandbox.items(of: table).map { $0.removing(patterns) })
    }

    /// What a global table of version 2017.11.29 does after a write of `id`: it writes the item once more.
    private static func replicate(_ id: String, _ value: String, at time: Int, in sandbox: DynamoSandbox) throws {
        try sandbox.put(
            [
                "id": .string(id), "value": .string(value), "aws:rep:deleting": .bool(false),
                "aws:rep:updatetime": .number("\(time).5"), "aws:rep:updateregion": .string("eu-central-1"),
            ],
            into: table
        )
    }

    @Test(
        "the replica equals the table without the attributes, by scan, stream and single reads, for every view type",
        arguments: [SandboxViewType.newAndOldImages, .newImage, .oldImage, .keysOnly]
    )
    func equals(viewType: SandboxViewType) async throws {
        let patterns = try Self.patterns("aws:rep:*,secret")
        var random = SplitMix64(seed: 11)
        func write(_ sandbox: DynamoSandbox) throws {
            let id = "k\(Int.random(in: 0..<30, using: &random))"
            guard Int.random(in: 0..<6, using: &random) > 0 else {
                return try sandbox.delete(["id": .string(id)], from: Self.table)
            }
            var item: [AttributeName: AttributeValue] = ["id": .string(id)]
            for name in ["value", "aws:rep:updatetime", "aws:rep", "secret", "secrets"]
            where Bool.random(using: &random) {
                item[AttributeName(name)] = .number("\(Int.random(in: 0..<3, using: &random))")
            }
            try sandbox.put(item, into: Self.table)
        }
        let fixture = try SandboxFixture(viewType: viewType) {
            $0.ignoredAttributes = patterns
        } prepare: { sandbox in
            for _ in 0..<60 { try write(sandbox) }
        }
        func isEqual() throws -> Bool {
            try Self.contents(of: fixture.sandbox, without: patterns) == fixture.items
        }
        #expect(await fixture.wait { $0.isLive })
        #expect(try isEqual())
        for _ in 0..<6 {
            for _ in 0..<20 { try write(fixture.sandbox) }
            #expect(try await comesTrue { try isEqual() })
        }
        #expect(fixture.items.allSatisfy { $0["secret"] == nil && $0["aws:rep:updatetime"] == nil })
        #expect(fixture.items.contains { $0["aws:rep"] != nil } && fixture.items.contains { $0["secrets"] != nil })
        #expect(await fixture.stop() == nil)
    }

    @Test("a write and the one that a global table adds are one change, and the version is that of the second")
    func globalTable() async throws {
        let patterns = try Self.patterns()
        let fixture = try SandboxFixture {
            $0.ignoredAttributes = patterns
        } prepare: { sandbox in
            try Self.replicate("a", "0", at: 0, in: sandbox)
        }
        #expect(await fixture.wait { $0.isLive })
        let start = try #require(fixture.store.snapshot?.position)
        for round in 1...5 {
            try fixture.put("a", "\(round)")
            try Self.replicate("a", "\(round)", at: round, in: fixture.sandbox)
            // Its own attributes alone: nothing that a reader could see.
            try Self.replicate("a", "\(round)", at: round + 100, in: fixture.sandbox)
        }
        try fixture.put("end", "1")
        #expect(await fixture.wait { _ in fixture.replicator.status.changesApplied == 16 }, "every record was applied")
        let snapshot = try #require(fixture.store.snapshot)
        #expect(snapshot.position.seq == start.seq + 6)
        #expect(snapshot.items.contains(Item(["id": .string("a"), "value": .string("5")])))
        #expect(await fixture.stop() == nil)
    }

    @Test("comparing table and replica finds nothing, however often only ignored attributes change")
    func verification() async throws {
        let patterns = try Self.patterns()
        let fixture = try SandboxFixture { settings in
            settings.ignoredAttributes = patterns
            settings.verifyUnitsPerSecond = 1_000
            settings.limits.verifyInterval = .milliseconds(50)
        } prepare: { sandbox in
            for number in 0..<20 { try Self.replicate("k\(number)", "0", at: 0, in: sandbox) }
        }
        #expect(await fixture.wait { $0.isLive })
        let seq = fixture.store.snapshot?.position.seq
        var round = 0
        let isCompared = try await comesTrue {
            round += 1
            try Self.replicate("k\(round % 20)", "0", at: round, in: fixture.sandbox)
            return (fixture.replicator.status.verification?.passes ?? 0) >= 3
        }
        #expect(isCompared)
        let found = try #require(fixture.replicator.status.verification)
        #expect(found.repairedPuts == 0 && found.repairedRemovals == 0)
        #expect(fixture.store.snapshot?.position.seq == seq)
        #expect(await fixture.stop() == nil)
    }

    @Test("a state with the same attributes is resumed without changes for readers, one with others is not used")
    func savedState() async throws {
        let patterns = try Self.patterns()
        let harness = try SavedStateHarness(items: 10)
        for number in 0..<10 { try Self.replicate("k\(number)", "scanned", at: 1, in: harness.sandbox) }
        var left: Position?
        try await harness.run({ $0.ignoredAttributes = patterns }) { process in
            await process.waitLive()
            await process.waitSaved()
            left = process.position
        }
        for number in 0..<10 { try Self.replicate("k\(number)", "scanned", at: 2, in: harness.sandbox) }
        try harness.put("k3", "changed")
        harness.sandbox.forgetCalls()
        try await harness.run({ $0.ignoredAttributes = patterns }) { process in
            await process.waitLive()
            let expected = try Self.contents(of: harness.sandbox, without: patterns)
            #expect(process.items == expected)
            let position = try #require(left)
            #expect(process.changes(after: position) == ["k3"])
            await process.waitSaved()
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
        try await harness.run { process in
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["other-ignored-attributes"])
            let start = "read from the table: the state was saved with --ignore-attributes 'aws:rep:*'"
            #expect(process.saved.start == start)
            #expect(process.items == harness.contents)
        }
    }

    @Test(
        "an attribute of the key cannot be ignored: the start ends with 78 and names it",
        arguments: ["i*", "x,id", "*"]
    )
    func key(text: String) async throws {
        let patterns = try Self.patterns(text)
        let fixture = try SandboxFixture { $0.ignoredAttributes = patterns }
        let failure = await fixture.failure()
        #expect(failure?.exitCode == 78)
        let message = "--ignore-attributes '\(patterns)' covers 'id' of the primary key of table orders. "
        #expect(failure?.description == message + "Name only attributes outside of the key.")
    }

    @Test("both parts of a key are named")
    func wholeKey() throws {
        let description = TableDescription(
            name: "orders",
            arn: "",
            status: "ACTIVE",
            keySchema: KeySchema(
                partition: KeyAttribute(name: "pk", type: .string),
                sort: KeyAttribute(name: "ps", type: .number)
            ),
            latestStreamARN: "S1",
            streamEnabled: true,
            streamViewType: .newImage,
            approximateItemCount: 0
        )
        let identity = TableIdentity("orders")
        let verdict = ReplicationTarget.judge(description, identity, ignoring: try Self.patterns("p*"))
        guard case .failed(let failure) = verdict else {
            Issue.record("no failure: \(verdict)")
            return
        }
        #expect(failure.message == "--ignore-attributes 'p*' covers 'pk' and 'ps' of the primary key of table orders")
        let ready = ReplicationTarget.judge(description, identity, ignoring: try Self.patterns("pks"))
        guard case .ready(let target) = ready else {
            Issue.record("not ready: \(ready)")
            return
        }
        #expect(target.stateIdentity.ignoredAttributes == (try Self.patterns("pks")))
    }
}
