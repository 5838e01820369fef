import Basics
import HTTPServer
import ReplicaStore
import TableModel
import TestTools
import Testing

@testable import Feed

/// Random histories, read by followers that are cut off anywhere: at every bookmark they hold exactly what the replica held there.
@Suite struct ReplicaConvergenceTests {
    @Test(
        "at every bookmark a follower holds the replica's items as of that position, and their digest",
        arguments: 0..<36
    )
    func convergence(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var limits = FeedLimits()
        limits.frameBytes = Int.random(in: 1...900, using: &random)
        limits.visitedPerFrame = Int.random(in: 1...30, using: &random)
        limits.visitedPerTurn = Int.random(in: 1...60, using: &random)
        limits.cachedFrameBytes = Int.random(in: 0...20_000, using: &random)
        limits.replicaJoinWindow = .milliseconds(Int.random(in: 0...500, using: &random))
        limits.replicaBookmarkInterval = .milliseconds(Int.random(in: 1...500, using: &random))
        let hasLargeHistory = seed % 3 == 2
        let fixture = FeedFixture(
            feedLimits: limits,
            maximumTombstones: Int.random(in: 1...12, using: &random),
            historyBytes: [0, 3000, 2_000_000][seed % 3]
        )
        let ids = (0..<20).map { "key\($0)" }
        var states: [String: [UInt64: [ItemKey: Item]]] = [:]
        var renames = 0
        func note() {
            let snapshot = fixture.writer.snapshot()
            states[snapshot.position.epoch.text, default: [:]][snapshot.position.seq] = snapshot.itemsByKey
        }
        try fixture.scan(Array(ids.prefix(Int.random(in: 0...20, using: &random))), value: 50)
        fixture.writer.endBootstrap()
        note()
        fixture.publish()
        func model() -> FollowerModel {
            var model = FollowerModel()
            model.needsEveryStep = hasLargeHistory
            model.onBookmark = { position, map in
                try #require(map == states[position.epoch.text]?[position.seq], "at \(position), seed \(seed)")
            }
            return model
        }
        var followers = [model(), model(), model()]
        var streams = try followers.map { _ in try fixture.follow() }
        var now = Duration.zero
        for _ in 0..<250 {
            now += .milliseconds(Int.random(in: 0...400, using: &random))
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let id = ids.randomElement(using: &random) ?? "key0"
                switch Int.random(in: 0..<10, using: &random) {
                case 0: try fixture.spoil(id)
                case 1...3: try fixture.remove(id)
                default: try fixture.put(id, Int.random(in: 0...100, using: &random))
                }
                note()
            }
            switch Int.random(in: 0..<100, using: &random) {
            case 0:
                let kept = fixture.contents()
                renames += 1
                fixture.rebuild(epoch: "rebuilt\(Self.letter(renames))\(Self.letter(seed))")
                for (id, value) in kept.sorted(by: { $0.key < $1.key }) { try fixture.scan([id], value: value) }
                fixture.writer.endBootstrap()
                note()
                fixture.publish()
            case 1:
                renames += 1
                fixture.writer.rename(FeedFixture.epoch("renamed\(Self.letter(renames))\(Self.letter(seed))"))
                note()
            case 2: fixture.store.withdraw()
            default: if Bool.random(using: &random) { fixture.publish() }
            }
            let index = Int.random(in: 0..<followers.count, using: &random)
            let isCut = Int.random(in: 0..<8, using: &random) == 0
            try followers[index].read(
                streams[index],
                now: now,
                budget: Int.random(in: 1...600, using: &random),
                calls: Int.random(in: 1...5, using: &random),
                cutAfter: isCut ? Int.random(in: 0...5, using: &random) : .max
            )
            guard isCut else { continue }
            streams[index].finished(.clientGone)
            // Only a bookmark says where a follower may resume with what it holds then; one that has moved on since starts over.
            let last = followers[index].lines.last {
                $0.event == "bookmark" || $0.operation != nil || $0.event == "reset"
            }
            if last?.event == "bookmark", let mark = followers[index].bookmark {
                followers[index].reconnect()
                streams[index] = try fixture.follow(.position(mark))
            } else {
                followers[index] = model()
                streams[index] = try fixture.follow()
            }
        }
        fixture.publish()
        for index in followers.indices {
            try followers[index].read(streams[index], now: now + .seconds(2), calls: 100_000)
            try followers[index].read(streams[index], now: now + .seconds(4), calls: 100_000)
            #expect(followers[index].lines.last?.event == "bookmark")
            #expect(followers[index].map == fixture.writer.snapshot().itemsByKey)
            streams[index].finished(.completed)
        }
        #expect(fixture.hub.reading.followers == 0 && fixture.hub.views.count == 0)
    }

    private static func letter(_ number: Int) -> Character { Array("abcdefghijklmnopqrstuvwxyz")[number % 26] }
}
