import Basics
import DynamoSandbox
import ReplicaStore
import StateStore
import TestTools
import Testing

@testable import Replication

/// A state directory that another process holds when the replicator starts.
@Suite struct StateClaimTests {
    /// Leaves a saved state, and the table one write ahead of it.
    private func harness() async throws -> SavedStateHarness {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
        }
        try harness.put("k1", "while away")
        return harness
    }

    private func taken(_ process: SavedStateProcess, isLate: Bool, _ harness: SavedStateHarness) -> Bool {
        process.observer.events.contains(.stateDirectoryTaken(path: harness.path, isLate: isLate))
    }

    @Test("a directory that is free in time is waited for, and its state resumed")
    func inTime() async throws {
        let harness = try await harness()
        var holder: StateDirectory? = try StateDirectory(harness.path)
        try await harness.run(awaiting: true) {
            $0.limits.stateClaimPatience = .seconds(60)
            $0.limits.stateClaimInterval = .milliseconds(5)
        } _: { process in
            let error = StateDirectoryError.inUse(path: harness.path)
            await process.wait("the wait") {
                process.observer.events.contains(.stateDirectoryAwaited(error, seconds: 60))
            }
            #expect(process.store.snapshot == nil)
            #expect(process.replicator.status.reason == "waiting for the state directory, which another process holds")
            _ = holder
            holder = nil
            await process.waitLive()
            #expect(process.saved.isResumed && process.saved.trouble == nil)
            #expect(process.items == harness.contents)
            #expect(taken(process, isLate: false, harness) && !taken(process, isLate: true, harness))
        }
    }

    @Test("while AWS is away, the state of a directory that becomes free is shown, and resumed later")
    func whileAway() async throws {
        let harness = try await harness()
        let broken = SandboxFault.error(status: 500, code: "InternalServerError", message: "away")
        harness.sandbox.faults.enqueue(.describeTable, broken, times: 100_000)
        var holder: StateDirectory? = try StateDirectory(harness.path)
        try await harness.run(awaiting: true) {
            $0.limits.previewPatience = .milliseconds(200)
        } _: { process in
            let error = StateDirectoryError.inUse(path: harness.path).description
            await process.wait("the trouble") { process.saved.trouble == error }
            #expect(process.saved.start == "not read yet: \(error)" && process.store.snapshot == nil)
            _ = holder
            holder = nil
            await process.waitShown()
            #expect(process.replicator.status.state == .stale && process.items.count == 60)
            #expect(process.saved.trouble == nil && taken(process, isLate: false, harness))
            let troubles = process.observer.events.count { if case .stateTrouble = $0 { true } else { false } }
            #expect(troubles == 1, "said once, however often it is tried")
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.saved.isResumed && process.items == harness.contents)
        }
    }

    @Test("beyond the patience the table is read; a directory that is free later is taken and overwritten")
    func late() async throws {
        let harness = try await harness()
        var holder: StateDirectory? = try StateDirectory(harness.path)
        try await harness.run(awaiting: true) {
            $0.limits.stateClaimPatience = .milliseconds(20)
            $0.limits.stateClaimInterval = .milliseconds(5)
        } _: { process in
            await process.waitLive()
            let error = StateDirectoryError.inUse(path: harness.path).description
            #expect(!process.saved.isResumed && process.saved.start == "read from the table: \(error)")
            #expect(process.saved.trouble == error)
            try harness.put("k2", "not saved")
            await process.wait("the write") { process.items == harness.contents }
            let troubles = process.observer.events.count { if case .stateTrouble = $0 { true } else { false } }
            #expect(troubles == 1 && process.saved.failures == 1, "said once, however often it is tried")
            #expect(process.saved.saves == 0 && process.saved.savedSeq == nil)
            let epoch = process.position?.epoch
            _ = holder
            holder = nil
            await process.waitSaved()
            #expect(process.saved.trouble == nil && taken(process, isLate: true, harness))
            #expect(process.position?.epoch == epoch && !process.saved.isResumed, "what was on disk was not loaded")
            #expect(process.items == harness.contents)
        }
        try await harness.run { process in
            await process.waitLive()
            #expect(process.saved.isResumed && process.items == harness.contents)
        }
    }

    @Test("a rebuild and a stop leave alone what is in the directory of another process")
    func leftAlone() async throws {
        let harness = try await harness()
        let holder = try StateDirectory(harness.path)
        let before = harness.snapshotOfDirectory()
        defer { SavedStateHarness.remove(before) }
        try await harness.run(awaiting: true) {
            $0.limits.stateClaimPatience = .zero
        } _: { process in
            await process.waitLive()
            for number in 0..<40 { try harness.put("k\(number)", "lost") }
            for shard in harness.sandbox.shards(of: SavedStateHarness.table) {
                harness.sandbox.remove(shard: shard.id, of: SavedStateHarness.table)
            }
            await process.wait("a rebuild") { process.replicator.status.rebuilds > 0 }
            await process.waitLive()
        }
        let after = harness.snapshotOfDirectory()
        defer { SavedStateHarness.remove(after) }
        let names = ["tablecast.sqlite", "tablecast.sqlite-wal"]
        #expect(names.map { Self.bytes("\(before)/\($0)") } == names.map { Self.bytes("\(after)/\($0)") })
        _ = holder
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        try? BoundedFile.read(path, limit: 1 << 26, isRegular: true)
    }

    @Test("a directory whose volume hangs when it is tried holds up neither the start nor the end")
    func hanging() async throws {
        let harness = try await harness()
        let gate = Gate()
        gate.close()
        let holder = try StateDirectory(harness.path)
        try await harness.run(awaiting: true) {
            $0.limits.stateClaimPatience = .milliseconds(50)
            $0.limits.stateAbandonPatience = .milliseconds(50)
        } _: { process in
            let session = process.session
            Task.detached { await session.hold(gate) }
            await process.waitLive()
            #expect(process.items == harness.contents)
            #expect(process.saved.trouble != nil)
        }
        gate.open()
        _ = holder
    }
}
