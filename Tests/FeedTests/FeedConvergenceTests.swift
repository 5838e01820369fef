import Basics
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel
import TestTools
import Testing

@testable import Feed

/// Random histories, cut off anywhere, also within a snapshot and within a batch: at `ready` and at every bookmark a client holds
/// exactly what the replica held at that position.
@Suite struct FeedConvergenceTests {

    /// A kind of subscriber: what it asks for, and which items are its own.
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let filter: String?
        let keys: Bool
        let mode: FeedMode
        let matches: @Sendable (String, Int) -> Bool

        func request(_ start: FeedStart) -> FeedRequest {
            .make { request in
                request.start = start
                request.mode = mode
                request.difference = mode == .all ? .patch : .none
                request.heartbeat = .seconds(1)
                let text = filter
                let hasKeys = keys
                guard text != nil || hasKeys else { return }
                request.filter = FeedFilter { schema throws(FeedFilterError) in
                    var filter = ItemFilter()
                    do {
                        if let text { filter.predicate = try WhereExpression(text) }
                        if hasKeys {
                            filter.keys.lower = try ItemKey(partition: .string("key1"), schema: schema).bytes
                            filter.keys.upper = try ItemKey(partition: .string("key2"), schema: schema).bytes
                        }
                    } catch {
                        throw FeedFilterError(detail: "\(error)")
                    }
                    return filter
                }
            }
        }
    }

    static let kinds = [
        Kind(testDescription: "everything", filter: nil, keys: false, mode: .latest) { _, _ in true },
        Kind(testDescription: "a predicate", filter: "v < 60", keys: false, mode: .latest) { $1 < 60 },
        Kind(testDescription: "a key range", filter: nil, keys: true, mode: .latest) { id, _ in
            id >= "key1" && id < "key2"
        },
        Kind(testDescription: "both", filter: "v < 60", keys: true, mode: .latest) {
            $0 >= "key1" && $0 < "key2" && $1 < 60
        },
        Kind(testDescription: "every step", filter: nil, keys: false, mode: .all) { _, _ in true },
        Kind(testDescription: "every step of a predicate", filter: "v < 60", keys: false, mode: .all) { $1 < 60 },
    ]

    @Test(
        "at ready and at every bookmark a client's map is the replica's as of that position",
        arguments: kinds,
        0..<40
    )
    func convergence(kind: Kind, seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var limits = FeedLimits()
        limits.frameBytes = Int.random(in: 1...900, using: &random)
        limits.visitedPerFrame = Int.random(in: 1...30, using: &random)
        limits.visitedPerTurn = Int.random(in: 1...60, using: &random)
        limits.cachedFrameBytes = Int.random(in: 0...20_000, using: &random)
        limits.snapshotBaseAge = .milliseconds(Int.random(in: 0...2000, using: &random))
        let fixture = FeedFixture(
            feedLimits: limits,
            maximumTombstones: Int.random(in: 1...12, using: &random),
            historyBytes: [0, 3000, 200_000][seed % 3] + (kind.mode == .all ? 10_000 : 0)
        )
        let ids = (0..<20).map { "key\($0)" }
        var states: [String: [UInt64: [String: Int]]] = [:]
        var epoch = "aaaaaaaa"
        var rebuilds = 0
        func note() { states[epoch, default: [:]][fixture.writer.seq] = fixture.contents() }

        try fixture.scan(Array(ids.prefix(Int.random(in: 0...20, using: &random))), value: 50)
        fixture.writer.endBootstrap()
        note()
        fixture.publish()
        var clients = [MapClient(), MapClient(), MapClient()]
        var marks = 0
        func check(_ position: Position, _ map: [String: Int]) throws {
            marks += 1
            let truth = try #require(states[position.epoch.text]?[position.seq]).filter {
                kind.matches($0.key, $0.value)
            }
            try #require(map == truth, "at \(position), seed \(seed)")
        }
        for index in clients.indices { clients[index].onMark = check }
        var streams = clients.map { _ in fixture.stream(kind.request(.unsaid)) }
        var now = Duration.zero
        for _ in 0..<200 {
            now += .milliseconds(Int.random(in: 0...600, using: &random))
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let id = ids.randomElement(using: &random) ?? "key0"
                if Int.random(in: 0..<3, using: &random) > 0 {
                    try fixture.put(id, Int.random(in: 0...100, using: &random))
                } else {
                    try fixture.remove(id)
                }
                note()
            }
            if Int.random(in: 0..<70, using: &random) == 0 {
                rebuilds += 1
                epoch = "epochabc\(["a", "b", "c", "d", "e", "f", "g"][rebuilds % 7])"
                let kept = fixture.contents()
                fixture.rebuild(epoch: epoch)
                for (id, value) in kept.sorted(by: { $0.key < $1.key }) { try fixture.scan([id], value: value) }
                fixture.writer.endBootstrap()
                states[epoch] = [:]
                note()
            }
            if Bool.random(using: &random) { fixture.publish() }
            let index = Int.random(in: 0..<clients.count, using: &random)
            let isCut = Int.random(in: 0..<5, using: &random) == 0
            try clients[index].read(
                streams[index],
                now: now,
                budget: Int.random(in: 1...600, using: &random),
                calls: Int.random(in: 1...5, using: &random),
                cutAfter: isCut ? Int.random(in: 0...3, using: &random) : .max
            )
            if kind.mode == .all, kind.filter == nil, clients[index].isReady {
                let seqs = clients[index].seqsSinceReady
                for (before, after) in zip(seqs, seqs.dropFirst()) { try #require(after == before + 1) }
            }
            guard isCut else { continue }
            streams[index].finished(.clientGone)
            let start = clients[index].lastID.map { FeedStart(lastEventID: $0) } ?? .unsaid
            if start == .unsaid {
                clients[index] = MapClient()
                clients[index].onMark = check
            }
            streams[index] = fixture.stream(kind.request(start))
        }
        fixture.publish()
        for index in clients.indices {
            try clients[index].read(streams[index], now: now + .seconds(2), calls: 100_000)
            try clients[index].read(streams[index], now: now + .seconds(4))
            #expect(clients[index].isReady)
            #expect(clients[index].events.last?.name == "bookmark")
            #expect(clients[index].map == fixture.contents().filter { kind.matches($0.key, $0.value) })
        }
        #expect(marks >= 6)
        for stream in streams { stream.finished(.completed) }
        #expect(fixture.hub.reading.subscribers == 0)
        #expect(fixture.hub.views.count == 0)
    }

    @Test("S9: at the head a filter's leave events are exact: told for items that were in it, and for no others")
    func exactLeaves() throws {
        var random = SplitMix64(seed: 7)
        let fixture = FeedFixture()
        fixture.writer.endBootstrap()
        fixture.publish()
        let kind = Self.kinds[1]
        let stream = fixture.stream(kind.request(.unsaid))
        var client = MapClient()
        try client.read(stream)
        var removals = 0
        for _ in 0..<500 {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let id = "key\(Int.random(in: 0..<8, using: &random))"
                if Int.random(in: 0..<3, using: &random) > 0 {
                    try fixture.put(id, Int.random(in: 0...100, using: &random))
                } else {
                    try fixture.remove(id)
                }
            }
            fixture.publish()
            let before = client.map
            try client.read(stream)
            removals += before.keys.filter { client.map[$0] == nil }.count
            #expect(client.map == fixture.contents().filter { kind.matches($0.key, $0.value) })
        }
        #expect(removals > 100)
        #expect(client.needlessRemovals == 0)
    }
}
