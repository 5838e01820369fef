import Basics
import DynamoDBStream
import DynamoSandbox
import StateStore
import TestTools
import Testing

@testable import Replication

/// A volume of the saved state on which every call hangs: the session's queue is blocked, as it would be by a read or a flush.
@Suite struct UnresponsiveVolumeTests {
    @Test("a save that hangs is said; serving and following go on, and so does saving when the volume responds again")
    func save() async throws {
        let harness = try SavedStateHarness()
        let gate = Gate()
        try await harness.run {
            $0.limits.statePatience = .milliseconds(100)
        } _: { process in
            await process.waitLive()
            await process.waitSaved()
            let session = process.session
            gate.close()
            Task.detached { await session.hold(gate) }
            for number in 0..<5 {
                try harness.put("k1", "written \(number) while it hangs")
                await process.wait("the change") { process.items == harness.contents }
            }
            await process.wait("the trouble") {
                process.saved.trouble?.hasSuffix("the volume does not respond") == true
            }
            #expect(process.replicator.status.state == .live)
            gate.open()
            await process.waitSaved()
            await process.wait("the end of the trouble") { process.saved.trouble == nil }
        }
    }

    @Test("a rebuild does not wait for a volume that does not respond")
    func rebuild() async throws {
        let harness = try SavedStateHarness()
        let gate = Gate()
        try await harness.run {
            $0.limits.statePatience = .milliseconds(100)
            $0.limits.stateAbandonPatience = .milliseconds(100)
        } _: { process in
            await process.waitLive()
            await process.waitSaved()
            let session = process.session
            gate.close()
            Task.detached { await session.hold(gate) }
            for number in 0..<40 { try harness.put("k\(number)", "lost") }
            for shard in harness.sandbox.shards(of: SavedStateHarness.table) {
                harness.sandbox.remove(shard: shard.id, of: SavedStateHarness.table)
            }
            await process.wait("a rebuild") { process.replicator.status.rebuilds > 0 }
            await process.wait("live again") {
                process.replicator.status.state == .live && process.items == harness.contents
            }
            #expect(gate.isClosed)
            gate.open()
            await process.waitSaved()
        }
        try await harness.run { process in
            await process.waitLive()
            #expect(process.saved.isResumed && process.items == harness.contents)
        }
    }

    @Test("a stop waits for a volume that does not respond no longer than its grace")
    func stop() async throws {
        let harness = try SavedStateHarness()
        let gate = Gate()
        var limits = StateLimits()
        limits.stopGrace = .seconds(1)
        var last: SavedStateProcess?
        try await harness.run(stateLimits: limits) { process in
            await process.waitLive()
            await process.waitSaved()
            let session = process.session
            gate.close()
            Task.detached { await session.hold(gate) }
            #expect(await comesTrue { gate.isHolding })
            last = process
        }
        let events = last?.observer.events ?? []
        #expect(gate.isHolding, "it waited for the volume")
        let isSaid = events.contains {
            if case .stateTrouble(let trouble) = $0 { trouble.description.hasSuffix("respond") } else { false }
        }
        #expect(isSaid)
        gate.open()
    }

    @Test("a state whose reading makes no progress is given up, and the table is read")
    func load() async throws {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
        }
        try harness.put("k1", "while away")
        var settings = ReplicationSettings(tableName: SavedStateHarness.table)
        settings.stream.pollInterval = .milliseconds(50)
        settings.limits.stateSaveInterval = .milliseconds(20)
        settings.limits.bookmarkSettle = .milliseconds(50)
        settings.limits.statePatience = .milliseconds(300)
        let session = StateSession(directory: try StateDirectory(harness.path))
        let gate = Gate()
        gate.close()
        Task.detached { await session.hold(gate) }
        #expect(await comesTrue { gate.isHolding })
        let process = SavedStateProcess(settings, harness.client, .system, session)
        let running = Task { try? await process.replicator.run() }
        await process.waitLive()
        #expect(process.items == harness.contents)
        #expect(process.rejections == [.unresponsive(seconds: 0)])
        #expect(process.saved.start.hasSuffix("its volume does not respond"))
        gate.open()
        await process.waitSaved()
        running.cancel()
        _ = await running.value
    }
}

extension StateSession {
    /// Blocks the session's queue.
    func hold(_ gate: Gate) { gate.pass() }
}
