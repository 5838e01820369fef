import DynamoDBClient
import DynamoSandbox
import ReplicaStore
import StateStore
import TestVolume
import Testing

@testable import Replication

/// A saved state where nothing can be saved, and one whose first save a stop interrupts.
@Suite struct SavedStateVolumeTests {
    private func troubles(_ process: SavedStateProcess) -> [StateTrouble] {
        process.observer.events.compactMap { if case .stateTrouble(let trouble) = $0 { trouble } else { nil } }
    }

    @Test(
        "a state on a read-only volume is gone on with; what is served is followed, and the trouble is said until it is over"
    )
    func readOnly() async throws {
        let harness = try SavedStateHarness()
        let volume = TestVolume()
        guard volume.canBeReadOnly else { return }
        try await harness.run(in: volume.path) { process in
            await process.waitLive()
            await process.waitSaved()
        }
        try harness.put("k1", "while away")
        volume.setWritable(false)
        harness.sandbox.forgetCalls()
        try await harness.run(in: volume.path) { process in
            await process.waitLive()
            #expect(process.saved.isResumed)
            #expect(process.saved.trouble?.hasPrefix("saving to \(volume.path)/tablecast.sqlite failed: ") == true)
            #expect(process.saved.failures > 0)
            #expect(!troubles(process).isEmpty)
            #expect(process.items == harness.contents)
            try harness.put("k2", "still followed")
            await process.wait("the change") { process.items == harness.contents }
            let failures = process.saved.failures
            await process.wait("another attempt") { process.saved.failures > failures }
            #expect(process.replicator.status.state == .live)
            volume.setWritable(true)
            await process.waitSaved()
            #expect(process.saved.trouble == nil)
            #expect(process.observer.events.contains(.stateRecovered))
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
        try await harness.run(in: volume.path) { process in
            await process.waitLive()
            #expect(process.saved.isResumed && process.items == harness.contents)
        }
    }

    @Test("a volume that is full is said, serving goes on, and saving too once there is room")
    func full() async throws {
        let harness = try SavedStateHarness()
        let volume = TestVolume(megabytes: 2)
        guard volume.isReal else { return }
        try await harness.run(in: volume.path) { process in
            await process.waitLive()
            await process.waitSaved()
            volume.fill()
            for number in 0..<60 { try harness.put("k\(number)", String(repeating: "x", count: 5_000)) }
            await process.wait("the trouble") { process.saved.trouble?.contains("full") == true }
            await process.wait("the changes") { process.items == harness.contents }
            #expect(process.replicator.status.state == .live)
            volume.empty()
            await process.waitSaved()
            #expect(process.saved.trouble == nil)
        }
        harness.sandbox.forgetCalls()
        try await harness.run(in: volume.path) { process in
            await process.waitLive()
            #expect(process.items == harness.contents)
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
    }

    /// Stops in the middle of the first save: none has been made before.
    private func stop(grace: Duration, _ harness: SavedStateHarness) async throws -> [ReplicationEvent] {
        var limits = StateLimits()
        limits.recordsPerTransaction = 7
        limits.stopGrace = grace
        var last: SavedStateProcess?
        try await harness.run(stateLimits: limits, { $0.limits.stateSaveInterval = .seconds(3_600) }) { process in
            await process.waitLive()
            last = process
        }
        return last?.observer.events ?? []
    }

    @Test("a stop finishes the first save within its grace, and the next start resumes")
    func finishesFirstSave() async throws {
        let harness = try SavedStateHarness()
        let events = try await stop(grace: .seconds(60), harness)
        #expect(!events.contains { if case .stateLeftUnfinished = $0 { true } else { false } })
        try await harness.run { process in
            await process.waitLive()
            #expect(process.saved.isResumed)
        }
    }

    @Test("a first save that takes longer than the grace is left and said, and the next start reads the table")
    func leavesFirstSave() async throws {
        let harness = try SavedStateHarness()
        let events = try await stop(grace: .zero, harness)
        #expect(events.contains(.stateLeftUnfinished(seconds: 0)))
        try await harness.run { process in
            await process.waitLive()
            #expect(process.rejections == [.incomplete])
            #expect(process.items == harness.contents)
        }
    }
}
