import DynamoDBClient
import Glibc
import ReplicaStore
import StateStore
import StreamModel
import TestVolume
import Testing

@testable import Replication

/// A process that is killed after it has read items from the table that the stream has not told of yet.
@Suite struct KeysAheadRestartTests {
    private func harness(_ model: StreamModel, _ path: String, verifies: Bool) throws -> ReplicatorHarness {
        ReplicatorHarness(model, session: StateSession(directory: try StateDirectory(path))) {
            if verifies { $0.verifyUnitsPerSecond = 100 }
            $0.limits.verifyInterval = .seconds(1)
            $0.limits.stateSaveInterval = .milliseconds(100)
        }
    }

    @Test("a late record does not bring back what a repair has replaced, whenever the process was killed since")
    func lateRecord() async throws {
        var model = StreamModel("A B")
        for index in 0..<30 { model.write("k\(index)", "0") }
        let volume = TestVolume()
        var copies: [TestVolume] = []
        func kill() {
            let copy = TestVolume()
            copy.take(SavedStateHarness.files, from: volume.path)
            copies.append(copy)
        }
        try await harness(model, volume.path, verifies: true).run { harness in
            await harness.waitLive()
            await harness.wait("a first save") { $0.status.savedState?.savedAt != nil }
            harness.endpoint.change { $0.model.table["k7"] = "diverged" }
            await harness.wait("the repair") { $0.items["k7"] == "diverged" }
            kill()
            for round in 0..<4 {
                harness.endpoint.change { $0.model.write("k1", "round \(round)") }
                let saves = harness.status.savedState?.saves ?? 0
                await harness.wait("a save") { ($0.status.savedState?.saves ?? 0) > saves }
                kill()
            }
            model = harness.endpoint.change { $0.model }
        }
        copies.append(volume)
        for (index, copy) in copies.enumerated() {
            try await harness(model, copy.path, verifies: false).run { harness in
                await harness.waitLive()
                #expect(harness.status.savedState?.isResumed == true)
                // A copy from before the repair was saved holds the old item: it has lost nothing that it had.
                let held = harness.items["k7"]
                if index > 1 { #expect(held == "diverged") }
                harness.endpoint.change { state in
                    guard let shard = state.model.owner(of: "k7") else { return }
                    state.model.lastSequence += 1
                    state.model.append(state.model.record("k7", "older", name: .modify), to: shard)
                    state.model.write("marker", "1", in: shard)
                }
                await harness.wait("the late record") { $0.items["marker"] == "1" }
                if held == "diverged" { #expect(harness.items["k7"] == "diverged") }
            }
        }
    }
}
