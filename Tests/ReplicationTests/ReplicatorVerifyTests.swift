import DynamoDBClient
import ReplicaStore
import StreamModel
import TableModel
import Testing

@testable import Replication

@Suite struct ReplicatorVerifyTests {
    private func harness(items: Int = 30, units: Int = 100) -> ReplicatorHarness {
        var model = StreamModel("A B")
        for index in 0..<items { model.write("k\(index)", "0") }
        return ReplicatorHarness(model) {
            $0.verifyUnitsPerSecond = units
            $0.limits.verifyInterval = .seconds(1)
            $0.limits.verifyChunk = 8
        }
    }

    private func passes(_ harness: ReplicatorHarness) -> Int { harness.status.verification?.passes ?? 0 }

    @Test("finds and mends what the stream never told: changed, missing and surplus items, with the cause repair")
    func repairs() async throws {
        try await harness().run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.table["k7"] = "diverged"
                state.model.table["ghost"] = "1"
                state.model.table["k8"] = nil
            }
            await harness.waitEqual()
            await harness.wait("the counts") { $0.status.verification?.repairedRemovals == 1 }
            let verification = harness.status.verification
            #expect(verification?.repairedPuts == 2)
            #expect((verification?.suspects ?? 0) >= 3)
            #expect(harness.status.state == .live)
            #expect(harness.status.rebuilds == 0)
            var causes: [ChangeCause] = []
            harness.store.snapshot?.forEachChange(after: 0) { record in
                if record.cause == .repair { causes.append(record.cause) }
                return true
            }
            #expect(causes.count == 3)
            #expect(harness.observer.events.contains(.repaired(put: 0, removed: 1)))
            let before = passes(harness)
            await harness.wait("two more comparisons") { passes($0) >= before + 2 }
            #expect(harness.status.verification?.repairedPuts == 2, "what is repaired stays repaired")
        }
    }

    @Test("a repaired key takes later changes, and never goes back to what a late record says")
    func afterRepair() async throws {
        try await harness().run { harness in
            await harness.waitLive()
            harness.endpoint.change { $0.model.table["k7"] = "diverged" }
            await harness.waitEqual()
            harness.endpoint.change { state in
                guard let shard = state.model.owner(of: "k7") else { return }
                state.model.lastSequence += 1
                state.model.append(state.model.record("k7", "older", name: .modify), to: shard)
                state.model.write("marker", "1", in: shard)
            }
            await harness.wait("the late record") { $0.items["marker"] == "1" }
            #expect(harness.items["k7"] == "diverged")
            harness.endpoint.change { $0.model.write("k7", "later") }
            await harness.waitEqual()
        }
    }

    @Test("changes under way are no divergence")
    func changesUnderWay() async throws {
        let harness = harness()
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.beforeScanPage = { model, page in
                    for index in 0..<5 {
                        let key = "k\((page * 7 + index * 3) % 30)"
                        model.write(key, model.random() < 0.3 ? nil : "\(page).\(index)")
                    }
                }
            }
            let before = passes(harness)
            await harness.wait("three comparisons") { passes($0) >= before + 3 }
            harness.endpoint.change { $0.beforeScanPage = nil }
            await harness.waitEqual()
            #expect(harness.status.verification?.repairedPuts == 0)
            #expect(harness.status.verification?.repairedRemovals == 0)
            #expect((harness.status.verification?.suspects ?? 0) > 0)
        }
    }

    @Test("a change that falls between the two looks at a suspect is no divergence either")
    func changesBetweenLooks() async throws {
        let harness = harness()
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.beforeScanPage = { model, page in model.write("k\(page % 30)", "scan \(page)") }
                state.beforeFetch = { model, keys in
                    for key in keys { model.write(key, "fetch \(model.lastSequence)") }
                }
            }
            let before = passes(harness)
            await harness.wait("three comparisons") { passes($0) >= before + 3 }
            #expect((harness.status.verification?.unresolved ?? 0) > 0)
            #expect(harness.status.verification?.repairedPuts == 0)
            harness.endpoint.change { state in
                state.beforeScanPage = nil
                state.beforeFetch = nil
            }
            await harness.waitEqual()
        }
    }

    @Test("a comparison that may not read the table is reported, and the replica stays live")
    func denied() async throws {
        try await harness().run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.outages["Scan"] = StreamModel.error(.accessDenied, "Scan", "demo")
                state.model.table["k7"] = "diverged"
            }
            await harness.wait("the trouble") { $0.status.lastError?.contains("Scan demo failed") == true }
            #expect(harness.status.state == .live)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitEqual()
        }
    }

    @Test("compares nothing unless it is asked to")
    func off() async throws {
        var model = StreamModel("A")
        model.write("k", "0")
        let harness = ReplicatorHarness(model) { $0.limits.verifyInterval = .milliseconds(100) }
        try await harness.run { harness in
            await harness.waitLive()
            let began = harness.time.now
            await harness.wait("time to pass") { $0.time.now - began > .seconds(3) }
            #expect(harness.status.verification == nil)
            #expect(harness.endpoint.change { $0.scanPages } <= 8)
        }
    }

    @Test("nothing is compared while a rebuild is under way, and only its own contents once it has caught up")
    func afterRebuild() async throws {
        try await harness().run { harness in
            await harness.waitLive()
            await harness.wait("a comparison") { passes($0) > 0 }
            harness.endpoint.change { state in
                state.model.outages["GetRecords"] = StreamModel.error(.trimmed)
                state.model.outages["Scan"] = StreamModel.error(.throttled)
            }
            await harness.wait("rebuilding") { $0.status.state == .rebuilding }
            // The gap is over; the scan of the rebuild does not get through, then the stream is not read.
            harness.endpoint.change { state in
                state.model.outages = ["Scan": StreamModel.error(.throttled)]
                state.scanRequests = []
                for index in 0..<30 { state.model.write("k\(index)", "rebuilt") }
            }
            let began = harness.time.now
            await harness.wait("ten intervals") { $0.time.now - began > .seconds(10) }
            harness.endpoint.change { $0.model.outages = ["GetRecords": StreamModel.error(.throttled)] }
            await harness.wait("the rows") { $0.status.scannedItems == 30 }
            let scanned = harness.time.now
            await harness.wait("ten more intervals") { $0.time.now - scanned > .seconds(10) }
            // A comparison is a scan of one segment, the rebuild's is of two.
            #expect(harness.endpoint.change { $0.scanRequests.allSatisfy { $0.totalSegments == 2 } })
            #expect(harness.status.state == .rebuilding)
            let before = passes(harness)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            await harness.wait("comparisons of the new contents") { passes($0) >= before + 2 }
            #expect(harness.status.verification?.repairedPuts == 0)
            #expect(harness.status.verification?.repairedRemovals == 0)
            #expect(harness.items == harness.table)
        }
    }
}
