import Glibc
import ReplicaStore
import StateStore
import TableModel
import Testing

@Suite struct StateFileTests {
    @Test("what is saved comes back: records of every kind with their numbers, positions, horizon, epoch")
    func roundTrip() throws {
        let fixture = StateFixture(maximumTombstones: 2)
        try fixture.scanRow("row", "from the scan")
        for number in 0..<50 { try fixture.change("k\(number)", "v\(number)") }
        for number in 0..<5 { try fixture.change("k\(number)", nil, cause: .ttl) }
        try fixture.change("k7", "again")
        try fixture.change("large", String(repeating: "x", count: 300_000))
        let before = fixture.writer.snapshot()
        #expect(before.horizon > 0 && before.tombstoneCount == 2)
        let file = try fixture.open()
        let report = try fixture.save(file, StateFixture.mark("{positions}"), isLast: true)
        #expect(report?.isWhole == true && report?.records == before.itemCount + 2)
        file.close()

        let state = try #require(try fixture.load())
        let after = state.writer.snapshot()
        #expect(same(after, before))
        #expect(after.position == before.position)
        #expect(after.horizon == before.horizon)
        #expect(after.itemCount == before.itemCount && after.itemBytes == before.itemBytes)
        #expect(after.tombstoneCount == before.tombstoneCount)
        #expect(state.positions == Array("{positions}".utf8))
        #expect(state.streamReadAt == StateFixture.now)
        #expect(state.newEpochReason == nil)
        // And it goes on: replays are known, news get the next number.
        let replay = Change(
            key: try StateFixture.key("k7"),
            outcome: .remove,
            version: SequenceNumber("10000000000000000000002"),
            at: 0,
            cause: .stream
        )
        #expect(!state.writer.apply(replay))
        #expect(state.writer.seq == before.position.seq)
    }

    @Test("random histories, saved at random moments and in transactions of a few records, come back as they were")
    func randomHistories() throws {
        var generator = SystemRandomNumberGenerator()
        for round in 0..<8 {
            let fixture = StateFixture(maximumTombstones: 5)
            let file = try fixture.open()
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                for _ in 0..<Int.random(in: 0...40, using: &generator) {
                    let id = "k\(Int.random(in: 0..<30, using: &generator))"
                    try fixture.change(id, Bool.random(using: &generator) ? "v\(fixture.version)" : nil)
                }
                try fixture.save(file, StateFixture.mark("\(fixture.version)"))
            }
            try fixture.save(file, StateFixture.mark("\(fixture.version)"), isLast: true)
            file.close()
            let state = try #require(try fixture.load())
            #expect(same(state.writer.snapshot(), fixture.writer.snapshot()), "round \(round)")
            #expect(state.writer.snapshot().horizon == fixture.writer.snapshot().horizon)
            #expect(state.positions == Array("\(fixture.version)".utf8))
        }
    }

    @Test("a later save writes only what has changed since, each key once")
    func increments() throws {
        let fixture = StateFixture()
        let file = try fixture.open()
        for number in 0..<100 { try fixture.change("k\(number)", "v") }
        #expect(try fixture.save(file)?.records == 100)
        for _ in 0..<20 { try fixture.change("k5", "often") }
        try fixture.change("k6", nil)
        let report = try #require(try fixture.save(file, StateFixture.mark("q")))
        #expect(report.records == 2 && !report.isWhole && report.isWritten)
        #expect(try fixture.save(file, StateFixture.mark("q"))?.isWritten == false)
        file.close()
        let state = try #require(try fixture.load())
        #expect(contents(state.writer.snapshot()).map { $0.split(separator: " ")[0] }.suffix(2) == ["120", "121"])
    }

    @Test(
        "without changes the proof that the stream was read is saved after a while, and a consumer that proves nothing saves none"
    )
    func freshening() throws {
        let fixture = StateFixture()
        let file = try fixture.open()
        try fixture.change("a", "1")
        try fixture.save(file)
        let hour: Int64 = 3_600_000
        #expect(try fixture.save(file, StateFixture.mark(readAt: StateFixture.now + 29_000))?.isWritten == false)
        #expect(try fixture.save(file, StateFixture.mark(readAt: StateFixture.now + 30_000))?.isWritten == true)
        // Dead from here on: neither nothing nor something older makes it younger.
        #expect(try fixture.save(file, StateFixture.mark("q", readAt: nil))?.isWritten == true)
        #expect(try fixture.save(file, StateFixture.mark("r", readAt: StateFixture.now - hour))?.isWritten == true)
        file.close()
        #expect(try fixture.load(at: StateFixture.now + 20 * hour)?.streamReadAt == StateFixture.now + 30_000)
        #expect(try fixture.rejection(at: StateFixture.now + 24 * hour) == .tooOld(seconds: 24 * 3_600 - 30))
    }

    @Test("a process that was not stopped in order counts on from behind every number that it may have told")
    func numbersNeverStandForTwoChanges() throws {
        let fixture = StateFixture()
        let file = try fixture.open()
        for number in 0..<10 { try fixture.change("k\(number)", "v") }
        try fixture.save(file)
        // Told to clients, never saved.
        for number in 0..<10 { try fixture.change("k\(number)", "w") }
        file.close()
        var told = fixture.writer.seq
        for _ in 0..<3 {
            let state = try #require(try fixture.load())
            #expect(state.writer.epoch == fixture.writer.epoch)
            #expect(state.writer.seq > told + 1_000_000)
            #expect(state.writer.snapshot().itemCount == 10)
            told = state.writer.seq + 5
        }
    }

    @Test("a copy of a state is used, in an epoch of its own")
    func copies() throws {
        let fixture = StateFixture()
        let file = try fixture.open()
        try fixture.change("a", "1")
        try fixture.save(file, isLast: true)
        file.close()
        let bytes = StateFixture.read(fixture.database)
        StateFixture.write(bytes, to: fixture.database + ".copy")
        #expect(rename(fixture.database + ".copy", fixture.database) == 0)
        let state = try #require(try fixture.load())
        #expect(state.newEpochReason == "the state is a copy of another one")
        #expect(state.writer.epoch != fixture.writer.epoch)
        #expect(state.writer.snapshot().itemCount == 1)
        // From then on it is an original.
        let again = try #require(try fixture.load())
        #expect(again.newEpochReason == nil && again.writer.epoch == state.writer.epoch)
    }

    @Test("items are gone from the file even when their removals were forgotten before they could be saved")
    func forgottenRemovals() throws {
        let fixture = StateFixture(maximumTombstones: 3)
        let file = try fixture.open()
        for number in 0..<40 { try fixture.change("k\(number)", "v") }
        try fixture.save(file)
        for number in 0..<30 { try fixture.change("k\(number)", nil) }
        #expect(fixture.writer.snapshot().horizon == 67)
        let report = try fixture.save(file, isLast: true)
        #expect(report?.isWhole == false && report?.records == 3)
        file.close()
        let state = try #require(try fixture.load())
        #expect(state.writer.snapshot().itemCount == 10)
        #expect(same(state.writer.snapshot(), fixture.writer.snapshot()))
    }

    @Test("a resumed generation is saved by its changes alone, in the file that is there")
    func savingAfterResuming() throws {
        let fixture = StateFixture()
        let first = try fixture.open()
        for number in 0..<30 { try fixture.change("k\(number)", "v") }
        try fixture.save(first, isLast: true)
        first.close()
        let file = try fixture.open()
        let loaded = try file.load(expecting: StateFixture.identity, at: StateFixture.now, storeLimits: StoreLimits())
        let writer = try #require(loaded).writer
        #expect(writer.apply(try fixture.change("k3", "new")))
        let report = try file.save(writer.snapshot(), StateFixture.mark("q"), of: StateFixture.identity, isLast: true) {
            false
        }
        #expect(report?.records == 1 && report?.isWhole == false)
        file.close()
        let state = try #require(try fixture.load())
        #expect(same(state.writer.snapshot(), writer.snapshot()))
        #expect(state.writer.snapshot().position == writer.snapshot().position)
    }

    @Test("a new generation takes a new file, and nothing of the old one is left")
    func rebuilds() throws {
        let fixture = StateFixture()
        let file = try fixture.open()
        try fixture.change("old", "1")
        try fixture.save(file)
        let rebuilt = StateFixture()
        try rebuilt.change("new", "1")
        let snapshot = rebuilt.writer.snapshot()
        let report = try file.save(snapshot, StateFixture.mark(), of: StateFixture.identity, isLast: true) { false }
        #expect(report?.isWhole == true)
        file.close()
        let state = try #require(try fixture.load())
        #expect(same(state.writer.snapshot(), snapshot))
        #expect(state.writer.epoch == snapshot.position.epoch)
    }

    @Test("a first save that is told to stop leaves an incomplete state, which is not used")
    func stopping() throws {
        let fixture = StateFixture()
        for number in 0..<100 { try fixture.change("k\(number)", "v") }
        let file = try fixture.open()
        var asked = 0
        let report = try file.save(
            fixture.writer.snapshot(),
            StateFixture.mark(),
            of: StateFixture.identity,
            isLast: true
        ) {
            asked += 1
            return asked == 3
        }
        #expect(report == nil)
        file.close()
        #expect(try fixture.rejection() == .incomplete)
        #expect(try fixture.save(try fixture.open())?.isWhole == true)
        #expect(try fixture.rejection() == nil)
    }

    @Test("nobody but the user can read the file")
    func mode() throws {
        let fixture = StateFixture()
        try fixture.change("a", "1")
        try fixture.save(try fixture.open())
        var status = stat()
        #expect(stat(fixture.database, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }
}
