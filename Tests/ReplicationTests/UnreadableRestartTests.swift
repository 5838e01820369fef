import DynamoDBClient
import ReplicaStore
import StateStore
import StreamModel
import TableModel
import TestVolume
import Testing

@testable import Replication

/// What a saved state says of items that cannot be read, and what the next process makes of it.
@Suite struct UnreadableRestartTests {
    private func harness(
        _ model: StreamModel,
        _ volume: TestVolume,
        _ change: (inout ReplicationSettings) -> Void = { _ in }
    ) throws -> ReplicatorHarness {
        ReplicatorHarness(model, session: StateSession(directory: try StateDirectory(volume.path))) {
            $0.limits.stateSaveInterval = .milliseconds(100)
            $0.limits.verifyInterval = .milliseconds(500)
            change(&$0)
        }
    }

    /// Waits until a record has been read of each shard, and saved: then the next process goes on from behind it.
    private func waitSaved(_ harness: ReplicatorHarness) async {
        let text = "\(harness.endpoint.change { $0.model.lastSequence })"
        harness.endpoint.change { $0.model.write("marker", text) }
        await harness.wait("the marker") { $0.items["marker"] == text }
        let seq = harness.store.snapshot?.position.seq ?? 0
        await harness.wait("a save") { ($0.status.savedState?.savedSeq ?? 0) >= seq }
    }

    @Test("items that the last process could not read are read again, without being asked to compare")
    func marks() async throws {
        let volume = TestVolume()
        var model = StreamModel("A")
        for index in 0..<5 { model.write("k\(index)", "0") }
        model.table["k1"] = "unreadable"
        model.table["k2"] = "unreadable"
        model.table["k3"] = "unreadable"
        try await harness(model, volume).run { harness in
            await harness.waitLive()
            #expect(harness.store.snapshot?.unreadableCount == 3)
            await waitSaved(harness)
            model = harness.endpoint.change { $0.model }
        }
        // A release that can read one of them, and one that was removed; its record is trimmed to nothing by the table's own hand.
        model.table["k1"] = "1"
        model.table["k2"] = nil
        try await harness(model, volume).run { harness in
            await harness.waitLive()
            #expect(harness.status.savedState?.isResumed == true)
            await harness.wait("the item to be read") { $0.items["k1"] == "1" }
            await harness.wait("the removed one") { $0.store.snapshot?.unreadableCount == 1 }
            #expect(harness.status.verification == nil)
            let pages = harness.endpoint.change { $0.scanPages }
            #expect(pages == 0, "nothing was scanned")
        }
    }

    @Test("nothing is saved beyond a record that was skipped, also when the process is stopped during a comparison")
    func stopDuringComparison() async throws {
        let volume = TestVolume()
        var model = StreamModel("A")
        for index in 0..<5 { model.write("k\(index)", "0") }
        try await harness(model, volume).run { harness in
            await harness.waitLive()
            await waitSaved(harness)
            harness.endpoint.change { state in
                // The comparison gets to its suspects, and no further.
                state.beforeFetch = { model, _ in model.outages["BatchGetItem"] = StreamModel.error(.throttled) }
                state.model.outages["BatchGetItem"] = StreamModel.error(.throttled)
                state.model.write("k1", "nameless")
                state.model.table["k1"] = nil
            }
            await harness.wait("a suspect") { ($0.status.verification?.suspects ?? 0) > 0 }
            #expect(harness.status.unreadable.skippedRecords == 1)
            let trouble = harness.status.savedState?.trouble ?? ""
            #expect(trouble.hasPrefix("the state is not saved while a record or row whose keys cannot be read"))
            model = harness.endpoint.change { $0.model }
        }
        model.outages = [:]
        try await harness(model, volume).run { harness in
            await harness.waitLive()
            #expect(harness.status.savedState?.isResumed == true)
            #expect(harness.status.unreadable.skippedRecords == 1, "the record is read, and skipped, again")
            await harness.wait("the removal") { $0.items["k1"] == nil }
            await harness.wait("the count to be settled") { $0.status.unreadable.skippedRecords == 0 }
            await waitSaved(harness)
        }
    }

    @Test("a state that lacks a row is not saved: the next start reads the table")
    func skippedRow() async throws {
        let volume = TestVolume()
        var model = StreamModel("A")
        for index in 0..<5 { model.write("k\(index)", "0") }
        model.table["k1"] = "nameless"
        try await harness(model, volume).run { harness in
            await harness.waitLive()
            #expect(harness.status.unreadable.skippedRows == 1)
            await harness.wait("why nothing is saved") { $0.status.savedState?.trouble != nil }
            model = harness.endpoint.change { $0.model }
        }
        model.table["k1"] = "1"
        try await harness(model, volume).run { harness in
            await harness.waitLive()
            #expect(harness.status.savedState?.isResumed == false)
            #expect(harness.items["k1"] == "1")
            #expect(harness.status.unreadable.skippedRows == 0)
            await waitSaved(harness)
        }
    }
}
