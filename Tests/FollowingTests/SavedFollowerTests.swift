import Basics
import ReplicaStore
import StateStore
import TableModel
import Testing

@testable import Following

/// A follower that keeps its state: what the next process goes on with, and what it never believes.
@Suite struct SavedFollowerTests {
    private func upstream(_ items: Int) -> RememberingUpstream {
        let upstream = RememberingUpstream()
        for number in 0..<items { _ = upstream.model.put("k\(number)", number) }
        return upstream
    }

    /// A follower that has saved the upstream's contents.
    private func saved(_ upstream: RememberingUpstream, isLast: Bool = false) throws -> SavedFollower {
        let follower = SavedFollower()
        follower.fixture.connect()
        #expect(follower.fixture.send(upstream.answer(nil)))
        #expect(try follower.save(isLast: isLast))
        return follower
    }

    private func told(_ follower: SavedFollower, _ wanted: (FollowerSession.News) -> Bool) -> Int {
        follower.fixture.told.filter(wanted).count
    }

    // MARK: Going on

    @Test(
        "at any moment of a random life a restart goes on where the state ends, and the next bookmark proves it",
        arguments: 0..<60
    )
    func randomLives(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let upstream = RememberingUpstream()
        for _ in 0..<5 { _ = upstream.write(&random) }
        let follower = SavedFollower()
        follower.fixture.connect()
        #expect(follower.fixture.send(upstream.answer(nil)))
        var resumptions = 0
        for _ in 0..<120 {
            switch random.next() % 12 {
            case 0...5: #expect(follower.fixture.send(upstream.write(&random)))
            case 6:
                _ = upstream.write(&random)
                // Not told yet: the connection breaks off, and the next one tells it.
                follower.fixture.breakOff()
                let since = follower.fixture.connect().since
                #expect(follower.fixture.send(upstream.answer(since)))
            case 7, 8: #expect(follower.fixture.send(upstream.model.bookmark()))
            case 9, 10: try follower.save()
            default:
                if random.next() % 2 == 0 { try follower.save(isLast: true) }
                let isThere = try follower.restart()
                #expect(follower.rejection == nil)
                let since = follower.fixture.connect().since
                #expect((since != nil) == isThere)
                if let place = follower.restored?.place {
                    #expect(since?.epoch == place.upstreamEpoch && since?.seq == place.upstreamSeq)
                    resumptions += 1
                }
                let lines = upstream.answer(since)
                #expect(follower.fixture.send(Array(lines.dropLast())))
                #expect(follower.fixture.store.snapshot == nil, "nothing is shown before a bookmark has proved it")
                #expect(follower.fixture.send(lines.suffix(1)))
                #expect(told(follower) { if case .differs = $0 { true } else { false } } == 0)
                #expect(told(follower) { if case .loading = $0 { true } else { false } } == (isThere ? 0 : 1))
            }
        }
        #expect(follower.fixture.send(upstream.model.bookmark()))
        #expect(follower.fixture.equals(upstream.model))
        let theirs = upstream.model.writer.snapshot()
        let mine = try #require(follower.fixture.store.snapshot)
        theirs.forEachChange(after: 0) { record in
            let copied = mine.newestState(of: record.key)
            #expect(copied?.seq == record.seq && copied?.version == record.version && copied?.at == record.at)
            return true
        }
        #expect(mine.tombstoneCount == theirs.tombstoneCount)
        #expect(resumptions > 0)
    }

    @Test("a restarted copy keeps epoch, seq and times, whether it was stopped or killed", arguments: [true, false])
    func copy(isStopped: Bool) throws {
        let upstream = upstream(6)
        _ = upstream.model.remove("k2")
        let follower = try saved(upstream, isLast: isStopped)
        let before = try #require(follower.fixture.store.snapshot)
        #expect(try follower.restart())
        #expect(follower.fixture.connect().since == before.position, "with its times, for other replicas of the stream")
        #expect(follower.fixture.send(upstream.answer(before.position)))
        let after = try #require(follower.fixture.store.snapshot)
        #expect(after.position.epoch == before.position.epoch && after.position.seq == before.position.seq)
        #expect(after.isCopy)
        #expect(after.progress.birth == before.progress.birth)
        #expect(after.tombstoneCount == 1)
    }

    @Test(
        "contents that count alone skip numbers after a kill, and after a stop they do not",
        arguments: [true, false]
    )
    func countingAlone(isStopped: Bool) throws {
        let one = upstream(4)
        let follower = try saved(one)
        follower.fixture.breakOff()
        let two = RememberingUpstream("othertwo", startingAfter: 900)
        for number in 0..<4 { _ = two.model.put("k\(number)", number) }
        let position = try #require(follower.fixture.connect().since)
        #expect(follower.fixture.send(two.moved(from: position)))
        var random = SplitMix64(seed: 1)
        #expect(follower.fixture.send(two.write(&random), two.model.bookmark()))
        let before = try #require(follower.fixture.store.snapshot)
        #expect(!before.isCopy && before.position.epoch != two.model.epoch)
        #expect(try follower.save(isLast: isStopped))
        #expect(try follower.restart())
        let since = try #require(follower.fixture.connect().since)
        #expect(since.epoch == two.model.epoch && since.seq == two.model.writer.seq)
        #expect(since.watermarks != nil)
        #expect(follower.fixture.send(two.answer(since)))
        let after = try #require(follower.fixture.store.snapshot)
        #expect(after.position.epoch == before.position.epoch)
        #expect((after.position.seq == before.position.seq) == isStopped)
        #expect(after.position.seq >= before.position.seq)
        #expect(after.digest == two.model.writer.snapshot().digest)
        // Positions of the first leader's epoch still mean the same, up to where that was left.
        #expect(after.continues(one.model.epoch, at: position.seq))
        #expect(!after.continues(one.model.epoch, at: position.seq + 1))
    }

    @Test("another replica of the stream continues from the times of a saved state")
    func moves() throws {
        let one = upstream(4)
        let follower = try saved(one)
        #expect(try follower.restart())
        let two = RememberingUpstream("othertwo", startingAfter: 900)
        for number in 0..<5 { _ = two.model.put("k\(number)", number) }
        let position = try #require(follower.fixture.connect().since)
        #expect(position.watermarks != nil)
        let lines = two.moved(from: position)
        #expect(follower.fixture.send(Array(lines.dropLast())))
        #expect(follower.fixture.store.snapshot == nil)
        #expect(follower.fixture.send(lines.suffix(1)))
        let after = try #require(follower.fixture.store.snapshot)
        #expect(after.itemCount == 5 && after.continues(one.model.epoch, at: position.seq))
        #expect(told(follower) { if case .resumesSaved = $0 { true } else { false } } == 1)
    }

    // MARK: Serving without an upstream

    @Test("the saved contents are shown when the upstream is away, and nothing newer before a bookmark")
    func away() throws {
        let upstream = upstream(3)
        let follower = try saved(upstream)
        #expect(try follower.restart())
        follower.fixture.connect()
        follower.fixture.session.showSaved(after: .seconds(2), at: .seconds(1))
        #expect(follower.fixture.store.snapshot == nil)
        follower.fixture.session.showSaved(after: .seconds(2), at: .seconds(2))
        let shown = try #require(follower.fixture.store.snapshot)
        #expect(shown.itemCount == 3 && shown.isCopy)
        follower.fixture.breakOff()
        let since = follower.fixture.connect().since
        var random = SplitMix64(seed: 2)
        _ = upstream.write(&random)
        let lines = upstream.answer(since)
        #expect(follower.fixture.send(Array(lines.dropLast())))
        #expect(follower.fixture.store.snapshot?.position.seq == shown.position.seq)
        #expect(follower.fixture.send(lines.suffix(1)))
        #expect(follower.fixture.equals(upstream.model))
    }

    @Test("an upstream with another epoch is loaded beside the saved contents, which are served meanwhile")
    func anotherEpoch() throws {
        let follower = try saved(upstream(3))
        #expect(try follower.restart())
        let new = RememberingUpstream("rebuiltt")
        for number in 0..<2 { _ = new.model.put("k\(number)", number) }
        let lines = new.answer(follower.fixture.connect().since)
        #expect(follower.fixture.send(Array(lines.dropLast())))
        #expect(follower.fixture.store.snapshot?.itemCount == 3)
        #expect(
            told(follower) {
                if case .rejectsSaved(.notContinued("other-epoch"), false) = $0 { true } else { false }
            } == 1
        )
        #expect(follower.fixture.send(lines.suffix(1)))
        #expect(follower.fixture.send(new.model.bookmark(low: 2_000_200)))
        #expect(follower.fixture.equals(new.model))
    }

    @Test("shown contents that count alone stay until newer ones are loaded, also those of a process that was killed")
    func olderLoad() throws {
        let follower = try saved(upstream(4))
        follower.fixture.breakOff()
        let two = RememberingUpstream("othertwo", startingAfter: 900)
        for number in 0..<4 { _ = two.model.put("k\(number)", number) }
        let position = try #require(follower.fixture.connect().since)
        #expect(follower.fixture.send(two.moved(from: position)))
        #expect(try follower.save())
        #expect(try follower.restart())
        let since = follower.fixture.connect().since
        follower.fixture.session.showSaved(after: .zero, at: .zero)
        #expect(follower.fixture.store.snapshot?.position.watermarks == nil, "a killed process may have told more")
        let new = RememberingUpstream("rebuiltt")
        _ = new.model.put("k0", 0)
        #expect(follower.fixture.send(new.answer(since)))
        #expect(follower.fixture.store.snapshot?.itemCount == 4)
        #expect(told(follower) { if case .held = $0 { true } else { false } } == 1)
        #expect(follower.fixture.send(new.model.bookmark(low: 2_000_200)))
        #expect(follower.fixture.equals(new.model))
    }

    // MARK: Memory

    @Test("saved contents are freed once others take their place, or once memory is full", arguments: [true, false])
    func freed(isFull: Bool) throws {
        let follower = try saved(upstream(3))
        #expect(try follower.restart())
        let new = RememberingUpstream("rebuiltt")
        for number in 0..<2 { _ = new.model.put("k\(number)", number) }
        let lines = new.answer(follower.fixture.connect().since)
        #expect(follower.fixture.send(Array(lines.dropLast())))
        follower.releaseRestored()
        #expect(follower.restoredWriter != nil, "it is served meanwhile")
        if isFull {
            #expect(follower.fixture.session.full("memory is full"))
        } else {
            #expect(follower.fixture.send(lines.suffix(1)))
            #expect(follower.fixture.send(new.model.bookmark(low: 2_000_200)))
            #expect(follower.fixture.equals(new.model))
        }
        follower.fixture.forgetTold()
        #expect(follower.restoredWriter == nil)
    }

    @Test("restored contents are handed over once, and who brought them keeps nothing")
    func handover() throws {
        let follower = try saved(upstream(3))
        #expect(try follower.restart())
        let handover = follower.handedOver()
        #expect(follower.restoredWriter != nil)
        let contents = FollowedContents(store: ReplicaStore(), limits: StoreLimits())
        handover.give(to: contents)
        #expect(contents.isHidden)
        contents.withdraw()
        #expect(follower.restoredWriter == nil)
        handover.give(to: contents)
        #expect(!contents.isHidden)
    }

    // MARK: States that are not believed

    @Test("a place that is ahead of the contents is found at the next bookmark, and everything is loaded")
    func placeAhead() throws {
        let upstream = upstream(3)
        let follower = try saved(upstream)
        #expect(follower.fixture.send(upstream.model.bookmark()))
        try follower.save { $0.upstreamSeq += 1 }
        #expect(try follower.restart())
        let since = follower.fixture.connect().since
        var random = SplitMix64(seed: 3)
        _ = upstream.write(&random)
        #expect(!follower.fixture.send(upstream.answer(since)), "a change is missing")
        #expect(told(follower) { if case .rejectsSaved = $0 { true } else { false } } == 1)
        #expect(follower.fixture.store.snapshot == nil, "nobody saw it")
        follower.fixture.breakOff()
        #expect(follower.fixture.connect().since == nil)
        #expect(follower.fixture.send(upstream.answer(nil)))
        #expect(follower.fixture.equals(upstream.model), "under the upstream's name: nobody held what was wrong")
    }

    @Test("a saved state that was shown and differs makes readers start over")
    func differsWhenShown() throws {
        let upstream = upstream(3)
        let follower = try saved(upstream)
        try follower.save { $0.upstreamSeq += 1 }
        #expect(try follower.restart())
        let since = follower.fixture.connect().since
        follower.fixture.session.showSaved(after: .zero, at: .zero)
        #expect(follower.fixture.store.snapshot?.itemCount == 3)
        var random = SplitMix64(seed: 3)
        _ = upstream.write(&random)
        #expect(!follower.fixture.send(upstream.answer(since)))
        #expect(told(follower) { if case .distrusts = $0 { true } else { false } } == 1)
        follower.fixture.breakOff()
        follower.fixture.connect()
        #expect(follower.fixture.send(upstream.answer(nil)))
        #expect(told(follower) { if case .rejectsSaved = $0 { true } else { false } } == 1, "it is said once")
        #expect(follower.fixture.store.snapshot?.digest == upstream.model.writer.snapshot().digest)
        #expect(follower.fixture.store.snapshot?.position.epoch != upstream.model.epoch)
    }

    @Test("contents that were found to differ are not saved, and what was saved before is given up")
    func distrusted() throws {
        let upstream = upstream(3)
        let follower = try saved(upstream)
        #expect(!follower.fixture.send(upstream.model.bookmark(items: 7)))
        #expect(try follower.save() == false)
        #expect(try follower.restart() == false)
        #expect(follower.rejection == .abandoned("a test"))
    }

    @Test("changes that no bookmark has proved are not saved")
    func unproved() throws {
        let upstream = upstream(3)
        let follower = try saved(upstream)
        var random = SplitMix64(seed: 4)
        #expect(follower.fixture.send(upstream.write(&random)))
        #expect(follower.fixture.equals(upstream.model))
        try follower.save(isLast: true)
        #expect(try follower.restart())
        #expect(follower.fixture.connect().since?.seq == upstream.model.writer.seq - 1)
    }

    @Test("an upstream with another table, stream or key takes the saved contents from readers, and is loaded")
    func anotherTable() throws {
        let changes: [(String, String)] = [
            (#""table":"orders""#, #""table":"invoices""#), ("arn:x", "arn:y"), ("aaaaaab", "aaaaaac"),
            (#""name":"id""#, #""name":"other""#), (#""ignored_attributes":"""#, #""ignored_attributes":"x""#),
        ]
        for (old, new) in changes {
            let upstream = upstream(3)
            let follower = try saved(upstream)
            #expect(try follower.restart())
            let since = follower.fixture.connect().since
            follower.fixture.session.showSaved(after: .zero, at: .zero)
            #expect(follower.fixture.store.snapshot != nil)
            let lines = upstream.answer(since).map { $0.replacing(old, with: new) }
            #expect(!follower.fixture.send(lines), "\(new)")
            #expect(follower.fixture.store.snapshot == nil)
            #expect(told(follower) { if case .rejectsSaved(_, true) = $0 { true } else { false } } == 1)
            follower.fixture.breakOff()
            #expect(follower.fixture.connect().since == nil)
        }
    }

    @Test("a place is read back as it was written, and nothing else is one")
    func places() throws {
        let follower = try saved(upstream(2))
        #expect(try follower.restart())
        let place = try #require(follower.restored?.place)
        #expect(FollowedPlace(decoding: place.encoded) == place)
        #expect(FollowedPlace(decoding: []) == nil)
        #expect(FollowedPlace(decoding: place.encoded + [0x0A]) == nil)
        #expect(FollowedPlace(decoding: place.encoded.dropLast(1) + Array("x".utf8)) == nil)
        let text = String(decoding: place.encoded, as: UTF8.self)
        for (old, new) in [("epoch ", "epoch !"), ("seq ", "seq -"), ("alone ", "alone x"), ("digest ", "digest g")] {
            #expect(FollowedPlace(decoding: Array(text.replacing(old, with: new).utf8)) == nil)
        }
    }
}
