import Glibc
import ReplicaStore
import StateStore
import TestVolume
import Testing

/// States on volumes that cannot be written to, or not any more.
@Suite struct ReadOnlyStateTests {
    private static let files = ["tablecast.lock", "tablecast.sqlite", "tablecast.sqlite-wal"]

    private func open(_ volume: TestVolume) throws -> StateFile {
        StateFile(directory: try StateDirectory(volume.path), limits: StateLimits())
    }

    private func load(_ file: StateFile) throws -> RestoredState? {
        try file.load(expecting: StateFixture.identity, at: StateFixture.now, storeLimits: StoreLimits())
    }

    /// A saved state of 20 items, and with `killed` one more change in the write-ahead log alone, on a volume of its own.
    private func saved(killed: Bool) throws -> (fixture: StateFixture, volume: TestVolume) {
        let fixture = StateFixture()
        for number in 0..<20 { try fixture.change("k\(number)", "1") }
        let file = try fixture.open()
        try fixture.save(file, isLast: !killed)
        if killed {
            try fixture.change("k1", "in the log")
            try fixture.save(file, StateFixture.mark("log"))
        } else {
            file.close()
        }
        let volume = TestVolume()
        volume.take(Self.files, from: fixture.path)
        #expect(volume.names.contains("tablecast.sqlite-wal") == killed)
        return (fixture, volume)
    }

    @Test(
        "a state on a read-only volume is read, its log included, and says that nothing can be saved there",
        arguments: [false, true]
    )
    func readOnly(killed: Bool) throws {
        let (fixture, volume) = try saved(killed: killed)
        guard volume.canBeReadOnly else { return }
        volume.setWritable(false)
        let file = try open(volume)
        let state = try #require(try load(file))
        #expect(same(state.writer.snapshot(), fixture.writer.snapshot()) || killed)
        #expect(state.writer.snapshot().itemCount == 20)
        #expect(state.positions == Array((killed ? "log" : "p").utf8))
        // What this process tells its clients cannot be written down, so no number may stand for two changes.
        #expect(state.writer.epoch != fixture.writer.epoch)
        #expect(state.newEpochReason?.hasPrefix("the state cannot be written to: ") == true)
        #expect(state.trouble?.description.hasPrefix("saving to \(volume.path)/tablecast.sqlite failed: ") == true)
        let trouble = #expect(throws: StateTrouble.self) {
            try file.save(state.writer.snapshot(), StateFixture.mark(), of: StateFixture.identity, isLast: false) {
                false
            }
        }
        #expect(
            trouble?.description.contains(volume.isReal ? ", the volume is read-only" : ", this user may not write to")
                == true
        )
        file.close()
        volume.setWritable(true)
        let report = try file.save(
            state.writer.snapshot(),
            StateFixture.mark("again"),
            of: StateFixture.identity,
            isLast: true
        ) { false }
        #expect(report?.isWhole == true)
        file.close()
        let again = try #require(try load(file))
        #expect(again.positions == Array("again".utf8))
        #expect(again.trouble == nil && again.newEpochReason == nil)
    }

    @Test("a damaged state on a read-only volume is not used either")
    func damaged() throws {
        let (_, volume) = try saved(killed: false)
        guard volume.canBeReadOnly else { return }
        let path = "\(volume.path)/tablecast.sqlite"
        var bytes = StateFixture.read(path)
        for place in 4_600..<7_000 { bytes[place] ^= 0x5A }
        StateFixture.write(bytes, to: path)
        volume.setWritable(false)
        let file = try open(volume)
        let rejection = #expect(throws: StateRejection.self) { _ = try load(file) }
        #expect(rejection?.kind == "damaged")
    }

    @Test("a directory on a read-only volume belongs to one process all the same, with and without the lock's file")
    func locked() throws {
        let volume = TestVolume()
        guard volume.canBeReadOnly else { return }
        for withFile in [false, true] {
            if withFile {
                volume.setWritable(true)
                _ = try StateDirectory(volume.path)
                volume.setWritable(false)
            } else {
                volume.setWritable(false)
            }
            let holder = try StateDirectory(volume.path)
            #expect(throws: StateDirectoryError.inUse(path: volume.path)) { try StateDirectory(volume.path) }
            withExtendedLifetime(holder) {}
        }
    }

    @Test("a volume that fills up keeps what was saved, says so, and takes the rest once there is room")
    func full() throws {
        let volume = TestVolume(megabytes: 2)
        guard volume.isReal else { return }
        let fixture = StateFixture()
        let file = try open(volume)
        func save(_ positions: String) throws -> StateSaveReport? {
            try file.save(
                fixture.writer.snapshot(),
                StateFixture.mark(positions),
                of: StateFixture.identity,
                isLast: false
            ) { false }
        }
        for number in 0..<20 { try fixture.change("k\(number)", "small") }
        _ = try save("before")
        volume.fill(leaving: 100_000)
        for number in 0..<20 { try fixture.change("k\(number)", String(repeating: "x", count: 30_000)) }
        let trouble = #expect(throws: StateTrouble.self) { _ = try save("after") }
        #expect(trouble?.description.contains("database or disk is full") == true)
        // What a kill would leave now.
        let copy = TestVolume()
        copy.take(Self.files, from: volume.path)
        let left = try #require(try load(try open(copy)))
        #expect(left.positions == Array("before".utf8) && left.writer.snapshot().itemCount == 20)
        volume.empty()
        #expect(try save("later")?.isWritten == true)
        file.close()
        #expect(same(try #require(try load(file)).writer.snapshot(), fixture.writer.snapshot()))
    }

    @Test("a state on a volume that is full is read, and saved to once there is room")
    func fullAtTheStart() throws {
        let (_, volume) = try saved(killed: false)
        guard volume.isReal else { return }
        volume.fill()
        let file = try open(volume)
        let state = try #require(try load(file))
        #expect(state.writer.snapshot().itemCount == 20)
        #expect(state.newEpochReason != nil)
        volume.empty()
        let report = try file.save(
            state.writer.snapshot(),
            StateFixture.mark("roomy"),
            of: StateFixture.identity,
            isLast: true
        ) { false }
        #expect(report?.isWritten == true)
        file.close()
        let again = try #require(try load(file))
        #expect(again.positions == Array("roomy".utf8) && again.writer.epoch == state.writer.epoch)
    }
}
