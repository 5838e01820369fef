import DynamoDBClient
import ReplicaStore
import StreamModel
import Synchronization
import TestTools
import Testing

@testable import Replication

/// A process whose memory the test sets.
final class FakeMemory: Sendable {
    private struct State {
        var limit: Int64
        var resident: Int64 = 100 << 20
        var releases = 0
        /// Resident bytes once memory is released.
        var afterRelease: Int64?
    }

    private let state: Mutex<State>

    init(limit: Int64) { state = Mutex(State(limit: limit)) }

    var releases: Int { state.withLock { $0.releases } }
    func setLimit(_ bytes: Int64) { state.withLock { $0.limit = bytes } }
    func setResident(_ bytes: Int64, afterRelease: Int64? = nil) {
        state.withLock {
            $0.resident = bytes
            $0.afterRelease = afterRelease
        }
    }

    var readings: MemoryReadings {
        MemoryReadings(
            limit: { self.state.withLock { MemoryLimit(bytes: $0.limit, source: .option) } },
            used: { self.state.withLock { $0.resident } },
            release: {
                self.state.withLock {
                    $0.releases += 1
                    if let after = $0.afterRelease { $0.resident = after }
                    $0.afterRelease = nil
                }
            }
        )
    }
}

@Suite struct MemoryWatchTests {
    private static let gibibyte: Int64 = 1 << 30

    private func harness(
        _ memory: FakeMemory,
        bytes: Int64 = 0,
        factor: Int = 20,
        _ change: (inout ReplicationSettings) -> Void = { _ in }
    ) -> ReplicatorHarness {
        var model = StreamModel("A")
        for index in 0..<9 { model.write("k\(index)", "0") }
        let harness = ReplicatorHarness(model, factor: factor, memory: memory.readings) {
            $0.maximumLag = .seconds(3_600)
            change(&$0)
        }
        harness.endpoint.change { $0.capacity.sizeBytes = bytes }
        return harness
    }

    private func estimates(_ harness: ReplicatorHarness) -> [MemoryJudgement] {
        harness.observer.events.compactMap {
            if case .memoryEstimated(let judgement, _) = $0 { judgement } else { nil }
        }
    }

    @Test("a table far larger than the limit ends the start with status 78, in one sentence")
    func hopeless() async {
        let harness = harness(FakeMemory(limit: Self.gibibyte), bytes: 50 << 40)
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        #expect(
            failure?.description
                == "table demo does not fit into memory: it needs about 52.5 TiB by DescribeTable (TableSizeBytes "
                + "54975581388800, ItemCount 9, up to six hours old), and the limit is 1 GiB (--max-memory). Give the container or machine "
                + "more memory (and raise --max-memory where it is set), leave large attributes out with --ignore-attributes, or start "
                + "with --max-memory=0 to try all the same."
        )
        #expect(harness.endpoint.change { $0.scanPages } == 0)
    }

    @Test("an estimate is told once, and again when a later description changes the judgement")
    func follows() async throws {
        let harness = harness(FakeMemory(limit: Self.gibibyte), bytes: 100 << 20) {
            $0.limits.tableCheckInterval = .seconds(5)
        }
        try await harness.run { harness in
            await harness.waitLive()
            #expect(estimates(harness) == [.roomy])
            #expect(harness.status.memory.tableBytes == 100 << 20)
            #expect(harness.status.memory.limit?.bytes == Self.gibibyte)
            harness.endpoint.change { $0.capacity.sizeBytes = 50 << 40 }
            await harness.wait("the warning") { estimates($0) == [.roomy, .hopeless] }
            #expect(harness.status.state == .live)
        }
    }

    @Test("a rebuild that does not fit beside the old contents refuses reads, and says so until it is complete")
    func rebuild() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        try await harness(memory, bytes: 500 << 20).run { harness in
            await harness.waitLive()
            memory.setResident(700 << 20)
            harness.endpoint.change { $0.model.outages["GetRecords A"] = StreamModel.error(.trimmed) }
            await harness.wait("the old contents are gone") { $0.store.snapshot == nil && $0.status.isWithheld }
            memory.setResident(100 << 20)
            await harness.wait("the reason") {
                $0.status.reason.contains("the old contents were dropped, because new ones of about 525")
            }
            #expect(harness.status.state == .rebuilding)
            #expect(harness.status.reasonCode == .gap)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            await harness.waitEqual()
            #expect(harness.status.memory.droppedContents >= 1)
            #expect(memory.releases >= 1)
        }
    }

    @Test("freed memory that the allocator keeps is given back before old contents are taken from readers")
    func released() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        try await harness(memory, bytes: 500 << 20).run { harness in
            await harness.waitLive()
            memory.setResident(700 << 20, afterRelease: 100 << 20)
            harness.endpoint.change { $0.model.outages["GetRecords A"] = StreamModel.error(.trimmed) }
            await harness.wait("rebuilding") { $0.status.state == .rebuilding }
            await harness.wait("memory is given back") { _ in memory.releases >= 1 }
            #expect(harness.store.snapshot != nil)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            #expect(harness.status.memory.droppedContents == 0)
        }
    }

    @Test("a rebuild that fits serves the old contents, and drops them when memory fills all the same")
    func lateDrop() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        try await harness(memory, bytes: 100 << 20).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.outages["GetRecords A"] = StreamModel.error(.trimmed)
                state.model.outages["Scan"] = StreamModel.error(.throttled)
            }
            await harness.wait("rebuilding") { $0.status.state == .rebuilding }
            #expect(harness.store.snapshot != nil)
            // The first look releases nothing, the one after the drop does.
            memory.setResident(1_000 << 20)
            await harness.wait("the old contents are gone") { $0.store.snapshot == nil }
            memory.setResident(100 << 20)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            await harness.waitEqual()
        }
    }

    @Test(
        "a scan that fills memory ends, and is repeated after growing pauses or when the limit is raised, never in a loop"
    )
    func scan() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        let harness = harness(memory)
        harness.endpoint.change { state in
            state.beforeScanPage = { _, _ in memory.setResident(1_000 << 20, afterRelease: 1_000 << 20) }
        }
        try await harness.run { harness in
            await harness.wait("the pause") { $0.status.reasonCode == .insufficientMemory }
            #expect(harness.status.state == .syncing)
            #expect(harness.status.reason.contains("table demo does not fit into memory: after"))
            #expect(harness.status.reason.contains("The next attempt follows in 5m, or when the limit is raised."))
            memory.setResident(100 << 20)
            let pages = harness.endpoint.change { $0.scanPages }
            let began = harness.time.now
            while harness.time.now - began < .seconds(40) { try await Task.sleep(for: .milliseconds(20)) }
            #expect(harness.endpoint.change { $0.scanPages } == pages)
            memory.setLimit(4 * Self.gibibyte)
            await harness.waitLive()
            #expect(harness.items == harness.table)
            #expect(harness.status.rebuilds == 1)
        }
    }

    @Test("a start with a timeout ends instead, with status 78")
    func limited() async {
        let memory = FakeMemory(limit: Self.gibibyte)
        memory.setResident(1_000 << 20)
        let harness = harness(memory) { $0.startTimeout = .seconds(3_600) }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        #expect(
            failure?.description.contains("does not fit into memory: after 0 item(s) of the scan 1000 MiB are in use")
                == true
        )
    }

    @Test("a live replica that fills memory takes no changes and is stale, and goes on when there is room")
    func live() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        try await harness(memory).run { harness in
            await harness.waitLive()
            memory.setResident(1_000 << 20)
            await harness.wait("stale") { $0.status.state == .stale && $0.status.reasonCode == .insufficientMemory }
            #expect(harness.status.memory.isFull)
            #expect(harness.store.snapshot != nil)
            harness.endpoint.change { $0.model.write("k1", "late") }
            let began = harness.time.now
            while harness.time.now - began < .seconds(5) { try await Task.sleep(for: .milliseconds(20)) }
            #expect(harness.items["k1"] == "0")
            // A moment just below the mark is no room yet; ten seconds are, also where the heap never shrinks further.
            memory.setResident(960 << 20)
            while harness.time.now - began < .seconds(8) { try await Task.sleep(for: .milliseconds(20)) }
            #expect(harness.status.state == .stale)
            await harness.waitLive()
            await harness.waitEqual()
            #expect(harness.status.rebuilds == 0)
            #expect(!harness.status.memory.isFull)
        }
    }

    @Test("a full replica applies removals and changes that need no more memory; the order of each key is kept")
    func shrinking() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        try await harness(memory).run { harness in
            await harness.waitLive()
            memory.setResident(1_000 << 20)
            await harness.wait("stale") { $0.status.reasonCode == .insufficientMemory }
            let before = harness.items
            harness.endpoint.change { state in
                state.model.write("new", "this one needs memory")
                state.model.write("k1", nil)
                state.model.write("k2", "1")
                state.model.write("k3", "this one grows, so its removal waits behind it")
                state.model.write("k3", nil)
                state.model.write("k4", nil)
                state.model.write("k4", "comes back, which needs memory")
            }
            await harness.wait("the removals") { $0.items["k1"] == nil && $0.items["k4"] == nil }
            var expected = before
            expected["k1"] = nil
            expected["k2"] = "1"
            expected["k4"] = nil
            #expect(harness.items == expected)
            #expect(harness.status.state == .stale)
            memory.setResident(100 << 20)
            await harness.waitLive()
            await harness.waitEqual()
            #expect(harness.status.rebuilds == 0)
        }
    }

    @Test("what removals have freed may be filled again while memory is full, but not the reserve")
    func credit() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        try await harness(memory).run { harness in
            await harness.waitLive()
            harness.endpoint.change { $0.model.write("large", String(repeating: "x", count: 10_000)) }
            await harness.waitEqual()
            memory.setResident(980 << 20)
            await harness.wait("stale") { $0.status.reasonCode == .insufficientMemory }
            harness.endpoint.change { $0.model.write("large", nil) }
            await harness.waitEqual()
            harness.endpoint.change { $0.model.write("k1", String(repeating: "y", count: 5_000)) }
            await harness.waitEqual()
            #expect(harness.status.state == .stale && harness.status.memory.isFull)
            // That is more than is left of it.
            harness.endpoint.change { state in
                state.model.write("k2", String(repeating: "z", count: 50_000))
                state.model.write("k3", nil)
            }
            await harness.wait("the removal") { $0.items["k3"] == nil }
            #expect(harness.items["k2"] == "0")
            memory.setResident(100 << 20)
            await harness.waitLive()
            await harness.waitEqual()
        }
    }

    @Test("a scan that is throttled slows down for all segments, reads everything and says at which rate")
    func throttled() async throws {
        let memory = FakeMemory(limit: Self.gibibyte)
        let harness = harness(memory) { $0.scanSegments = 2 }
        harness.endpoint.change { state in
            state.model.faults["Scan"] = (0..<3).map { _ in StreamModel.error(.throttled, "Scan", "demo") }
        }
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
            #expect(harness.status.scanUnitsPerSecond != nil)
        }
    }
}
