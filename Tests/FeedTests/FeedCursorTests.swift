import Basics
import HTTPServer
import ReplicaStore
import Testing

@testable import Feed

/// Random histories, cut off and resumed anywhere: at `ready` a client holds what the table holds.
@Suite struct FeedCursorTests {
    @Test(
        "at ready a client's map equals the table, whatever was cut off, conflated, pruned or rebuilt",
        arguments: 0..<60
    )
    func convergence(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var limits = FeedLimits()
        limits.frameBytes = Int.random(in: 1...600, using: &random)
        limits.cachedFrameBytes = Int.random(in: 0...4000, using: &random)
        let fixture = FeedFixture(feedLimits: limits, maximumTombstones: Int.random(in: 1...12, using: &random))
        let ids = (0..<20).map { "key\($0)" }
        try fixture.scan(Array(ids.prefix(Int.random(in: 0...20, using: &random))), value: 0)
        fixture.writer.endBootstrap()
        fixture.publish()

        var clients = Array(repeating: MapClient(), count: 4)
        var streams = clients.map { _ in fixture.stream() }
        var epoch = 0
        var now = Duration.zero
        for step in 0..<150 {
            now += .milliseconds(Int.random(in: 0...400, using: &random))
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let id = ids.randomElement(using: &random) ?? "key0"
                if Bool.random(using: &random) { try fixture.put(id, step) } else { try fixture.remove(id) }
            }
            if Int.random(in: 0..<60, using: &random) == 0 {
                epoch += 1
                let kept = fixture.contents()
                fixture.rebuild(epoch: "epochabc\(["a", "b", "c", "d", "e", "f", "g"][epoch % 7])")
                for (id, value) in kept.sorted(by: { $0.key < $1.key }) { try fixture.scan([id], value: value) }
                fixture.writer.endBootstrap()
            }
            if Bool.random(using: &random) { fixture.publish() }
            let index = Int.random(in: 0..<clients.count, using: &random)
            if Int.random(in: 0..<5, using: &random) == 0 {
                // The connection breaks; the client comes back with the last id it saw, or none.
                streams[index].finished(.clientGone)
                let start = clients[index].lastID.map { FeedStart(lastEventID: $0) } ?? .unsaid
                if start == .unsaid { clients[index] = MapClient() }
                streams[index] = fixture.stream(.make { $0.start = start })
            }
            let budget = Int.random(in: 1...400, using: &random)
            try clients[index].read(
                streams[index],
                now: now,
                budget: budget,
                calls: Int.random(in: 1...4, using: &random)
            )
        }
        fixture.publish()
        for index in clients.indices {
            try clients[index].read(streams[index], now: now)
            #expect(clients[index].isReady)
            #expect(clients[index].map == fixture.contents(), "seed \(seed), client \(index)")
        }
    }
}
