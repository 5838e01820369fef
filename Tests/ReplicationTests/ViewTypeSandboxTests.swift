import DynamoDBClient
import DynamoSandbox
import ReplicaStore
import TableModel
import Testing

@testable import Replication

/// Every view type, over the real client and the sandbox.
@Suite struct ViewTypeSandboxTests {
    @Test(
        "ends equal to the table whatever its stream carries, through throttling, unprocessed keys, a split and rotations",
        arguments: [SandboxViewType.keysOnly, .oldImage, .newImage, .newAndOldImages]
    )
    func equal(_ viewType: SandboxViewType) async throws {
        var settings = SandboxSettings()
        settings.shardsPerStream = 2
        settings.batchGetBytes = 600
        let fixture = try SandboxFixture(
            settings,
            viewType: viewType,
            prepare: { sandbox in
                for number in 0..<200 {
                    try sandbox.put(["id": .string("k\(number)"), "value": .string("0")], into: SandboxFixture.table)
                }
            }
        )
        let throttled = SandboxFault.error(
            status: 400,
            code: "ProvisionedThroughputExceededException",
            message: "slow down"
        )
        fixture.sandbox.faults.enqueue(.batchGetItem, throttled, times: 6)
        for round in 0..<150 {
            try fixture.put("k\(round * 37 % 220)", "\(round)")
            if round % 4 == 0 { try fixture.delete("k\(round * 11 % 220)") }
            if round % 50 == 20, let open = fixture.sandbox.shards(of: SandboxFixture.table).first(where: \.isOpen) {
                fixture.sandbox.split(shard: open.id, of: SandboxFixture.table)
            }
            if round % 50 == 40 { fixture.sandbox.rotateAll(of: SandboxFixture.table) }
            if round % 5 == 4 { await fixture.waitForRead() }
        }
        #expect(await fixture.wait { $0.isLive && $0.isEqual }, "\(fixture.replicator.status.reason)")
        #expect(fixture.replicator.status.rebuilds == 0)
        let asksTable = viewType == .keysOnly || viewType == .oldImage
        #expect(fixture.sandbox.calls(.batchGetItem).isEmpty == !asksTable)
        #expect(fixture.sandbox.calls(.batchGetItem).allSatisfy { $0.consistent })
        #expect(await fixture.stop() == nil)
    }

    @Test(
        "marks what time to live removed, in both spellings of the identity and without images too",
        arguments: [true, false],
        [SandboxViewType.keysOnly, .newImage]
    )
    func expiry(_ capitalized: Bool, _ viewType: SandboxViewType) async throws {
        var settings = SandboxSettings()
        settings.capitalizesUserIdentity = capitalized
        let fixture = try SandboxFixture(
            settings,
            viewType: viewType,
            prepare: { sandbox in
                for id in ["a", "b", "c"] { try sandbox.put(["id": .string(id)], into: SandboxFixture.table) }
            }
        )
        #expect(await fixture.wait { $0.isLive && $0.items.count == 3 })
        try fixture.sandbox.expire(["id": .string("a")], in: SandboxFixture.table)
        try fixture.delete("b")
        #expect(await fixture.wait { $0.items.count == 1 })
        #expect(fixture.causes.sorted { $0.rawValue < $1.rawValue } == [.stream, .snapshot, .ttl])
        #expect(await fixture.stop() == nil)
    }

    @Test("a scan under a budget over the real client asks for small pages and tells what it consumed")
    func scanBudget() async throws {
        let fixture = try SandboxFixture(
            SandboxSettings(),
            viewType: .newImage,
            change: {
                $0.scanSegments = 2
                $0.scanCapacity = .units(20)
            },
            prepare: { sandbox in
                let filler = String(repeating: "x", count: 2_000)
                for number in 0..<100 {
                    try sandbox.put(
                        ["id": .string("k\(number)"), "value": .string(filler)],
                        into: SandboxFixture.table
                    )
                }
            }
        )
        #expect(await fixture.wait { $0.isLive && $0.isEqual })
        let status = fixture.replicator.status
        // 200 KB, strongly consistent, at 4 KB a unit, rounded up by page.
        #expect(status.scanConsumedUnits >= 50)
        #expect(status.scanConsumedUnits <= 110)
        let scans = fixture.sandbox.calls(.scan)
        let span = (scans.last?.time ?? 0) - (scans.first?.time ?? 0)
        #expect(span >= 1_000, "more than twice the saved-up second was consumed")
        #expect(await fixture.stop() == nil)
    }

    @Test("an empty and idle table is live within a bound")
    func idle() async throws {
        let fixture = try SandboxFixture()
        let began = ContinuousClock.now
        #expect(await fixture.wait { $0.isLive })
        #expect(ContinuousClock.now - began < .seconds(30))
        #expect(fixture.store.snapshot?.itemCount == 0)
        #expect(await fixture.stop() == nil)
    }

    @Test("comparing table and replica over the real client mends nothing where nothing is wrong")
    func verify() async throws {
        let fixture = try SandboxFixture(
            SandboxSettings(),
            viewType: .newImage,
            change: {
                $0.verifyUnitsPerSecond = 1_000
                $0.limits.verifyInterval = .milliseconds(50)
            },
            prepare: { sandbox in
                for number in 0..<50 { try sandbox.put(["id": .string("k\(number)")], into: SandboxFixture.table) }
            }
        )
        #expect(await fixture.wait { $0.isLive && $0.isEqual })
        for round in 0..<100 {
            if round % 3 == 0 {
                try fixture.delete("k\(round % 50)")
            } else {
                try fixture.put("k\(round % 60)", "\(round)")
            }
            if round % 10 == 9 { await fixture.waitForRead() }
        }
        #expect(await fixture.wait { ($0.replicator.status.verification?.passes ?? 0) >= 3 })
        let verification = fixture.replicator.status.verification
        #expect(verification?.repairedPuts == 0)
        #expect(verification?.repairedRemovals == 0)
        #expect((verification?.rows ?? 0) >= 50)
        #expect((verification?.consumedUnits ?? 0) > 0)
        #expect(await fixture.wait { $0.isEqual })
        #expect(await fixture.stop() == nil)
    }
}
