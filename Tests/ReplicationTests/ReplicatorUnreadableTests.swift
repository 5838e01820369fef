import DynamoDBClient
import ReplicaStore
import StreamModel
import TableModel
import Testing

@testable import Replication

/// What cannot be read stays a fault of its own item: everything else is followed, and it is mended when it can be.
@Suite struct ReplicatorUnreadableTests {
    private func state(_ id: String, _ harness: ReplicatorHarness) -> String {
        guard let key = try? ItemKey(partition: .string(id), schema: FakeEndpoint.schema),
            let state = harness.store.snapshot?.newestState(of: key)
        else { return "unknown" }
        return state.isUnreadable ? "unreadable" : state.isTombstone ? "removed" : "item"
    }

    private func verifying(_ model: StreamModel) -> ReplicatorHarness {
        ReplicatorHarness(model) {
            $0.verifyUnitsPerSecond = 100
            $0.limits.verifyInterval = .seconds(1)
            $0.limits.verifyChunk = 8
        }
    }

    @Test("the scan goes on past rows that cannot be read, and names each")
    func scan() async throws {
        var model = StreamModel("A")
        for index in 0..<9 { model.write("k\(index)", "0") }
        model.table["k4"] = "unreadable"
        model.table["k5"] = "nameless"
        try await ReplicatorHarness(model).run { harness in
            await harness.waitLive()
            #expect(harness.items.count == 7)
            #expect(state("k4", harness) == "unreadable")
            #expect(state("k5", harness) == "unknown")
            #expect(harness.status.scannedItems == 9)
            #expect(harness.status.unreadable.skippedRows == 1)
            let texts = harness.observer.events.compactMap { if case .unreadable(let text) = $0 { text } else { nil } }
            #expect(
                Set(texts) == [
                    #"the item {"id":"k4"} cannot be read (unknown type): the response for it is 502"#,
                    "a row of the table cannot be read, and neither can its key (unknown type): it is skipped, and missing here",
                ]
            )
            #expect(Set(harness.status.unreadable.recent.map(\.text)) == Set(texts))
            harness.endpoint.change { $0.model.write("k4", "1") }
            await harness.wait("the item to be read") { $0.items["k4"] == "1" }
        }
    }

    @Test("a record of an item that cannot be read holds nothing up, and its key is kept until it can be read")
    func stream() async throws {
        var model = StreamModel("A")
        model.write("k", "0")
        try await ReplicatorHarness(model).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.write("k", "unreadable")
                state.model.write("l", "1")
            }
            await harness.wait("the write behind it") { $0.items["l"] == "1" }
            #expect(state("k", harness) == "unreadable")
            #expect(harness.store.snapshot?.unreadableCount == 1)
            #expect(harness.status.state == .live)
            harness.endpoint.change { $0.model.write("k", nil) }
            await harness.wait("its removal") { state("k", $0) == "removed" }
            harness.endpoint.change { $0.model.write("k", "2") }
            await harness.waitEqual()
            #expect(harness.store.snapshot?.unreadableCount == 0)
            #expect(harness.status.rebuilds == 0)
        }
    }

    @Test("an item that a record without image leads to, and that cannot be read, is kept by its key")
    func keysOnly() async throws {
        var model = StreamModel("A")
        model.write("k", "0")
        let harness = ReplicatorHarness(model)
        harness.endpoint.change { $0.viewType = .keysOnly }
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.write("k", "1")
                state.model.table["k"] = "nameless"
                state.model.write("l", "1")
                state.model.write("m", "1")
                state.model.write("m", nil)
            }
            await harness.wait("the write behind it") { $0.items["l"] == "1" }
            #expect(state("k", harness) == "unreadable", "asked for alone, the item without a readable key is known")
            #expect(state("m", harness) == "removed")
        }
    }

    @Test("a comparison mends what can be read again, and marks what cannot be any more")
    func verify() async throws {
        var model = StreamModel("A")
        for index in 0..<9 { model.write("k\(index)", "0") }
        model.table["k1"] = "unreadable"
        model.table["k2"] = "unreadable"
        try await verifying(model).run { harness in
            await harness.waitLive()
            #expect(state("k1", harness) == "unreadable")
            harness.endpoint.change { state in
                state.model.table["k1"] = "0"
                state.model.table["k2"] = nil
                state.model.table["k3"] = "unreadable"
                state.model.table["k4"] = "nameless"
            }
            await harness.wait("k1") { $0.items["k1"] == "0" }
            await harness.wait("k2") { state("k2", $0) == "removed" }
            await harness.wait("k3") { state("k3", $0) == "unreadable" }
            await harness.wait("k4") { state("k4", $0) == "unreadable" }
            await harness.wait("the row without a key") { $0.status.unreadable.skippedRows == 1 }
            let repairs = harness.status.verification?.repairedPuts
            let passes = harness.status.verification?.passes ?? 0
            await harness.wait("two more comparisons") { ($0.status.verification?.passes ?? 0) >= passes + 2 }
            #expect(harness.status.verification?.repairedPuts == repairs, "a mark is no divergence")
            #expect(repairs == 0, "an item that can be read again is no divergence either")
            #expect(harness.observer.events.contains(.readable(count: 1)))
        }
    }

    @Test("a record without readable keys is skipped and counted, until a comparison has made good for it")
    func keyless() async throws {
        var model = StreamModel("A")
        for index in 0..<3 { model.write("k\(index)", "0") }
        try await verifying(model).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.outages["Scan"] = StreamModel.error(.throttled)
                state.model.write("k1", "nameless")
                state.model.table["k1"] = "1"
                state.model.write("l", "1")
            }
            await harness.wait("the write behind it") { $0.items["l"] == "1" }
            #expect(harness.items["k1"] == "0")
            #expect(harness.status.unreadable.skippedRecords == 1)
            let text = harness.status.unreadable.recent.first?.text ?? ""
            #expect(text.hasPrefix("the keys of record "))
            #expect(text.contains("of shard A cannot be read (unknown type): it is skipped"))
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitEqual()
            await harness.wait("the count to be settled") { $0.status.unreadable.skippedRecords == 0 }
        }
    }

    @Test("a skipped record begins a comparison also where nobody asked for one")
    func keylessWithoutVerify() async throws {
        var model = StreamModel("A")
        for index in 0..<3 { model.write("k\(index)", "0") }
        let harness = ReplicatorHarness(model) { $0.limits.verifyInterval = .milliseconds(500) }
        try await harness.run { harness in
            await harness.waitLive()
            let pages = harness.endpoint.change { $0.scanPages }
            let began = harness.time.now
            await harness.wait("time to pass") { $0.time.now - began > .seconds(2) }
            #expect(harness.endpoint.change { $0.scanPages } == pages, "nothing is compared without cause")
            harness.endpoint.change { state in
                state.model.write("k1", "nameless")
                state.model.table["k1"] = "1"
            }
            await harness.waitEqual()
            await harness.wait("the count to be settled") { $0.status.unreadable.skippedRecords == 0 }
            #expect(harness.status.verification?.passes == 2)
        }
    }

    @Test("a comparison that fails for good is tried a few times in a row, and not every minute")
    func failingComparison() async throws {
        var model = StreamModel("A")
        model.write("k", "0")
        let harness = ReplicatorHarness(model) {
            $0.limits.verifyInterval = .milliseconds(500)
            $0.limits.repairPasses = 2
        }
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.scanRequests = []
                state.model.outages["Scan"] = StreamModel.error(.fatal, "Scan", "demo")
                state.model.write("k", "nameless")
            }
            await harness.wait("two comparisons") { $0.endpoint.change { $0.scanRequests.count } == 2 }
            let began = harness.time.now
            await harness.wait("time to pass") { $0.time.now - began > .seconds(10) }
            #expect(harness.endpoint.change { $0.scanRequests.count } == 2)
            #expect(harness.status.unreadable.skippedRecords == 1)
        }
    }

    @Test("a key that changes all the time leaves nothing open")
    func hotKey() async throws {
        var model = StreamModel("A")
        for index in 0..<3 { model.write("k\(index)", "0") }
        try await verifying(model).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.beforeScanPage = { model, page in model.write("k2", "scan \(page)") }
                // Not so often that the stream never passes the time of a read.
                state.beforeFetch = { model, keys in
                    let now = Int(model.now / .milliseconds(1))
                    let last = model.table["k2"]?.split(separator: " ").last.flatMap { Int($0) } ?? 0
                    if keys.contains("k2"), now - last > 2_000 { model.write("k2", "fetch \(now)") }
                }
                state.model.write("k1", "nameless")
                state.model.table["k1"] = nil
            }
            await harness.wait("the count to be settled") { harness in
                harness.status.unreadable.skippedRecords == 0 && (harness.status.verification?.passes ?? 0) > 1
            }
            #expect((harness.status.verification?.unresolved ?? 0) > 0)
        }
    }

    @Test("keys of another type beside an image that cannot be read are another table's: a rebuild")
    func otherKeys() async throws {
        var model = StreamModel("A")
        model.write("k", "0")
        try await ReplicatorHarness(model).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.lastSequence += 1
                let whole = state.model.record("k", "1", name: .unknown("MODIFY whose NewImage cannot be read (x)"))
                state.model.append(
                    StreamRecord(
                        eventID: whole.eventID,
                        eventName: whole.eventName,
                        eventVersion: "1.1",
                        keys: Item(["id": .number("7")]),
                        newImage: nil,
                        oldImage: nil,
                        sequenceNumber: whole.sequenceNumber,
                        approximateCreationMilliseconds: whole.approximateCreationMilliseconds,
                        userIdentity: nil,
                        fault: .newImage("x")
                    ),
                    to: "A"
                )
            }
            await harness.wait("the rebuild") { $0.status.rebuilds == 1 }
            await harness.waitLive()
        }
    }

    @Test("keys that cannot be read are taken from an image that can")
    func keyFromImage() async throws {
        try await ReplicatorHarness(StreamModel("A")).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.table["k"] = "1"
                state.model.lastSequence += 1
                let whole = state.model.record("k", "1", name: .insert)
                state.model.append(
                    StreamRecord(
                        eventID: whole.eventID,
                        eventName: .insert,
                        eventVersion: "1.1",
                        keys: Item([:]),
                        newImage: whole.newImage,
                        oldImage: nil,
                        sequenceNumber: whole.sequenceNumber,
                        approximateCreationMilliseconds: whole.approximateCreationMilliseconds,
                        userIdentity: nil,
                        fault: .keys("unknown type")
                    ),
                    to: "A"
                )
            }
            await harness.waitEqual()
            #expect(harness.status.unreadable.skippedRecords == 0)
        }
    }

    @Test("a key in an operator's words is JSON, and cut where it is long")
    func keyText() throws {
        let schema = FakeEndpoint.schema
        let odd = try ItemKey(partition: .string("a\n\""), schema: schema)
        #expect(KeyText.of(odd, schema) == #"{"id":"a\n\""}"#)
        let hostile = try ItemKey(partition: .string("a\u{85}b\u{2028}c\u{202E}d\u{E0001}"), schema: schema)
        #expect(KeyText.of(hostile, schema) == #"{"id":"a\u0085b\u2028c\u202ed\udb40\udc01"}"#)
        let long = try ItemKey(partition: .string(String(repeating: "x", count: 2_000)), schema: schema)
        #expect(KeyText.of(long, schema).count == 201)
    }
}
