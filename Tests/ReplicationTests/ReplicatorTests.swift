import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore
import StreamModel
import Synchronization
import TableModel
import Testing

@testable import Replication

@Suite struct ReplicatorTests {
    private func model(_ topology: String = "A B", items: Int = 20) -> StreamModel {
        var model = StreamModel(topology)
        for index in 0..<items { model.write("k\(index)", "0") }
        return model
    }

    @Test("follows a table: what was there, what changes, what goes, across a split")
    func follows() async throws {
        try await ReplicatorHarness(model()).run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
            #expect(harness.items.count == 20)
            harness.endpoint.change { state in
                state.model.write("k1", "1")
                state.model.write("new", "1")
                state.model.write("k2", nil)
                state.model.split("A", into: ["C", "D"])
                state.model.write("k3", "2")
                state.model.write("k4", nil)
            }
            await harness.waitEqual()
            #expect(harness.status.changesApplied == 5)
            #expect(harness.observer.publications >= 2)
            await harness.wait("the children in the status") { $0.status.shards.map(\.id).contains("C") }
        }
    }

    @Test("the position after the scan does not tell how many items there are")
    func firstPosition() async throws {
        var positions: [UInt64] = []
        for firstSeqs in [0..<1, 1_000_000..<1_000_001, ReplicationSettings(tableName: "demo").firstSeqs]
            as [Range<UInt64>]
        {
            try await ReplicatorHarness(model()) { $0.firstSeqs = firstSeqs }.run { harness in
                await harness.waitLive()
                positions.append(harness.store.snapshot?.position.seq ?? 0)
            }
        }
        #expect(positions[0] >= 20)
        #expect(positions[1] - positions[0] == 1_000_000)
        // By chance once in fifty million.
        #expect(positions[2] > 20_000)
        // However often a process dies without a last save, within what a saved state may have.
        let first = ReplicationSettings(tableName: "demo").firstSeqs.upperBound
        #expect(first + 1_000_000 * StateLimits.reservedSeqs < StateLimits.maximumSeq)
    }

    @Test("situation 8: keys that change while the scan runs keep the stream's word, removals included")
    func changesDuringTheScan() async throws {
        let harness = ReplicatorHarness(model(items: 40))
        harness.endpoint.change { state in
            state.beforeScanPage = { model, page in
                for index in 0..<6 {
                    let key = "k\((page * 7 + index * 5) % 40)"
                    model.write(key, model.random() < 0.4 ? nil : "\(page).\(index)")
                }
            }
        }
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
        }
    }

    @Test("situation 6: what a LATEST iterator misses is seen by the scan, which begins later")
    func latestSlack() async throws {
        var model = model()
        model.latestSlack = .milliseconds(900)
        let harness = ReplicatorHarness(model)
        try await harness.run { harness in
            await harness.wait("an iterator") { harness in
                harness.endpoint.change { state in
                    state.model.calls.contains { $0.call == "GetShardIterator A LATEST" }
                }
            }
            harness.endpoint.change { state in
                for index in 0..<20 { state.model.write("k\(index)", "slack") }
            }
            await harness.waitLive()
            #expect(harness.items == harness.table)
        }
    }

    @Test("an empty, idle table is live within a bound, with lag 0")
    func idle() async throws {
        let harness = ReplicatorHarness(StreamModel("A"))
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items.isEmpty)
            #expect(harness.store.snapshot != nil)
            await harness.wait("lag") { $0.status.lagMilliseconds == 0 }
        }
    }

    @Test("a failed scan page is asked for again, and the scan is not begun anew")
    func scanFault() async throws {
        var model = model("A", items: 30)
        model.faults["Scan"] = []
        let harness = ReplicatorHarness(model) { $0.scanSegments = 1 }
        harness.endpoint.change { state in
            state.beforeScanPage = { model, page in
                if page == 4 {
                    model.faults["Scan"] = [
                        StreamModel.error(.throttled, "Scan"), StreamModel.error(.transient, "Scan"),
                    ]
                }
            }
        }
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
            let requests = harness.endpoint.change { $0.scanRequests }
            #expect(requests.filter { $0.exclusiveStartKey == nil }.count == 1)
            #expect(requests.count == 12)
            #expect(harness.status.scannedItems == 30)
        }
    }

    @Test("situation 18: trimmed data leads to a rebuild with a new epoch, while the old snapshot is served")
    func gap() async throws {
        try await ReplicatorHarness(model()).run { harness in
            await harness.waitLive()
            let before = harness.store.snapshot?.position.epoch
            harness.endpoint.change { state in
                // A removal that the stream will never tell.
                state.model.table["k7"] = nil
                state.model.outages["GetRecords A"] = StreamModel.error(.trimmed)
            }
            await harness.wait("rebuilding") { $0.status.state == .rebuilding }
            #expect(harness.items["k7"] == "0")
            #expect(harness.status.reasonCode == .gap)
            let lag = harness.status.lagMilliseconds ?? 0
            await harness.wait("a lag that grows while the old contents are served") { harness in
                (harness.status.lagMilliseconds ?? 0) > lag || harness.status.state == .live
            }
            #expect(harness.store.snapshot?.position.epoch == before)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            #expect(harness.items == harness.table)
            #expect(harness.items["k7"] == nil)
            #expect(harness.store.snapshot?.position.epoch != before)
            let gaps = harness.observer.events.filter { if case .gap = $0 { true } else { false } }
            #expect(gaps.contains(.gap("records of shard A were trimmed before they were read")))
        }
    }

    @Test("situation 22: a stream that is disabled makes the replica stale, its successor makes it live by one rebuild")
    func newStream() async throws {
        let harness = ReplicatorHarness(model()) {
            $0.stream.discoveryInterval = .seconds(2)
            $0.limits.tableCheckInterval = .seconds(10)
        }
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.streamEnabled = false
                state.model.status = .disabled
            }
            await harness.wait("stale") { $0.status.state == .stale }
            #expect(harness.status.reason == "the table's stream is disabled, so changes no longer arrive")
            #expect(harness.status.reasonCode == .streamDisabled)
            harness.endpoint.change { state in
                state.model.table["k1"] = "written without a stream"
                state.model.streamARN += "-second"
                state.model.status = .enabled
                state.streamEnabled = true
                state.model.remove("A")
                state.model.remove("B")
                state.model.shards = [:]
                state.model.add("Z")
            }
            await harness.wait("the new stream") { $0.status.state == .live && $0.items["k1"] != "0" }
            #expect(harness.items == harness.table)
            #expect(harness.status.streamARN?.hasSuffix("-second") == true)
            let rebuilds = harness.observer.events.filter { if case .rebuild = $0 { true } else { false } }
            #expect(rebuilds.count == 1)
        }
    }

    @Test(
        "a stream that may not be read makes the replica stale after the bound, with the reason, and live again by itself"
    )
    func staleAndBack() async throws {
        let harness = ReplicatorHarness(model()) { $0.maximumLag = .seconds(10) }
        try await harness.run { harness in
            await harness.waitLive()
            let denied = StreamModel.error(.accessDenied, "GetRecords", "A")
            harness.endpoint.change { $0.model.outages["GetRecords"] = denied }
            await harness.wait("stale") { $0.status.state == .stale }
            #expect(harness.status.reason == "the stream cannot be read: \(denied)")
            #expect(harness.status.reasonCode == .accessDenied)
            #expect(harness.status.departures == [.accessDenied: 1])
            #expect((harness.status.lagMilliseconds ?? 0) > 10_000)
            harness.endpoint.change { state in
                state.model.write("k1", "while denied")
                state.model.outages = [:]
            }
            await harness.wait("live again") { $0.status.state == .live && $0.items["k1"] == "while denied" }
            let rebuilds = harness.observer.events.filter { if case .rebuild = $0 { true } else { false } }
            #expect(rebuilds.isEmpty)
        }
    }

    @Test("a record without its image is completed by a read of the table, without a rebuild")
    func missingImage() async throws {
        try await ReplicatorHarness(model()).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.table["k1"] = "truth"
                state.model.lastSequence += 1
                let record = state.model.record("k1", nil, name: .modify)
                state.model.append(record, to: "A")
            }
            await harness.wait("the truth") { $0.items["k1"] == "truth" && $0.status.state == .live }
            #expect(harness.status.rebuilds == 0)
        }
    }

    @Test("follows streams without new images", arguments: [StreamViewType.keysOnly, .oldImage])
    func keysOnly(_ viewType: StreamViewType) async throws {
        let harness = ReplicatorHarness(model(items: 40))
        harness.endpoint.change { state in
            state.viewType = viewType
            state.beforeScanPage = { model, page in
                for index in 0..<6 {
                    model.write("k\((page * 7 + index * 5) % 40)", index == 2 ? nil : "\(page).\(index)")
                }
            }
        }
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
            harness.endpoint.change { state in
                state.model.write("k1", "1")
                state.model.write("k1", "2")
                state.model.write("new", "1")
                state.model.write("k2", nil)
                state.model.split("A", into: ["C", "D"])
                state.model.write("k1", "3")
            }
            await harness.waitEqual()
        }
    }

    @Test("a throttled table holds back the shard whose records need it, and no other")
    func throttledFetch() async throws {
        try await ReplicatorHarness(model()).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.outages["BatchGetItem"] = StreamModel.error(.throttled, "BatchGetItem", "demo")
                state.model.table["k1"] = "truth"
                state.model.lastSequence += 1
                state.model.append(state.model.record("k1", nil, name: .modify), to: "A")
                state.model.write("b", "1", in: "B")
            }
            await harness.wait("the other shard") { $0.items["b"] == "1" }
            #expect(harness.items["k1"] == "0")
            await harness.wait("the trouble") { harness in
                harness.status.shards.first { $0.id == "A" }?.lastError?.contains("BatchGetItem") == true
            }
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitEqual()
            #expect(harness.status.rebuilds == 0)
        }
    }

    @Test("a scan keeps to its budget while the stream is read, and counts what it consumed")
    func scanBudget() async throws {
        let harness = ReplicatorHarness(model(items: 40)) {
            $0.scanSegments = 2
            $0.scanCapacity = .units(2)
        }
        let moments = Mutex<[Duration]>([])
        let time = harness.time
        harness.endpoint.change { state in
            // Younger than the scan's beginning are all iterators but those that are read on.
            state.model.iteratorLife = .seconds(3)
            state.beforeScanPage = { model, page in
                moments.withLock { $0.append(time.now) }
                model.write("k\(page)", "during")
            }
        }
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
            let (count, span) = moments.withLock { ($0.count, ($0.last ?? .zero) - ($0.first ?? .zero)) }
            // Each page costs one unit here; two are saved up when it begins.
            #expect(count >= 14)
            #expect(span >= .milliseconds((count - 3) * 500))
            #expect(harness.status.scanConsumedUnits == Double(count))
            #expect(harness.status.scanUnitsPerSecond == 2)
            let limits = harness.endpoint.change { $0.scanRequests.map { request in request.limit } }
            #expect(limits.allSatisfy { $0 != nil })
        }
    }

    @Test("situation 25: an unknown event name is reported once and loses nothing; a deletion by time to live says so")
    func unknownAndExpiry() async throws {
        try await ReplicatorHarness(model()).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                for _ in 0..<3 {
                    state.model.lastSequence += 1
                    state.model.append(state.model.record("k1", "?", name: .unknown("EVOLVE")), to: "A")
                }
                // What it did to the item is told by no image.
                state.model.table["k1"] = "evolved"
                state.model.table["k2"] = nil
                state.model.lastSequence += 1
                let identity = UserIdentity(type: "Service", principalID: "dynamodb.amazonaws.com")
                state.model.append(state.model.record("k2", nil, name: .remove, identity: identity), to: "A")
            }
            await harness.waitEqual()
            let unknown = harness.observer.events.filter { if case .unknownRecord = $0 { true } else { false } }
            #expect(unknown == [.unknownRecord(eventName: "EVOLVE", shardID: "A")])
            var causes: [ChangeCause] = []
            harness.store.snapshot?.forEachChange(after: 0) { record in
                if record.isTombstone { causes.append(record.cause) }
                return true
            }
            #expect(causes == [.ttl])
        }
    }

    @Test("waits for a table that is being created, and says so")
    func creating() async throws {
        let harness = ReplicatorHarness(model())
        harness.endpoint.change { $0.tableStatus = "CREATING" }
        try await harness.run { harness in
            await harness.wait("the reason") { $0.status.reason == "table demo is being created" }
            harness.endpoint.change { $0.tableStatus = "ACTIVE" }
            await harness.waitLive()
        }
    }
}
