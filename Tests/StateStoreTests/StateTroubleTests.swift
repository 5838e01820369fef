import Glibc
import ReplicaStore
import StateStore
import Testing

@Suite struct StateTroubleTests {
    @Test("a file that cannot be made is said with its cause, and saving works once it can")
    func cannotBeMade() throws {
        let fixture = StateFixture()
        try fixture.change("a", "1")
        let file = try fixture.open()
        // Something that no file can take the place of, whoever runs this.
        #expect(mkdir(fixture.database, 0o700) == 0)
        do {
            try fixture.save(file)
            Issue.record("it was saved over a directory")
        } catch let trouble as StateTrouble {
            #expect(trouble.description.hasPrefix("saving to \(fixture.database) failed: unable to open database file"))
        }
        #expect(rmdir(fixture.database) == 0)
        #expect(try fixture.save(file)?.isWhole == true)
        file.close()
        #expect(try fixture.rejection() == nil)
    }

    @Test("a full disk loses nothing that was saved, and what is new is saved once there is room")
    func full() throws {
        let fixture = StateFixture()
        let file = try fixture.open { $0.fileBytes = 400_000 }
        for number in 0..<20 { try fixture.change("k\(number)", "small") }
        try fixture.save(file, StateFixture.mark("before"))
        for number in 0..<20 { try fixture.change("k\(number)", String(repeating: "x", count: 50_000)) }
        do {
            try fixture.save(file, StateFixture.mark("after"))
            Issue.record("a million bytes fit in 400,000")
        } catch let trouble as StateTrouble {
            #expect(trouble.description == "saving to \(fixture.database) failed: database or disk is full")
        }
        for number in 0..<20 { try fixture.change("k\(number)", "small again") }
        #expect(try fixture.save(file, StateFixture.mark("later"), isLast: true)?.isWritten == true)
        file.close()
        let state = try #require(try fixture.load())
        #expect(state.positions == Array("later".utf8))
        #expect(same(state.writer.snapshot(), fixture.writer.snapshot()))
    }

    @Test("a file that disappears or is damaged while it is in use is made anew, with everything in it")
    func removed() throws {
        let fixture = StateFixture()
        let file = try fixture.open()
        for number in 0..<20 { try fixture.change("k\(number)", "1") }
        try fixture.save(file)
        unlink(fixture.database)
        unlink(fixture.database + "-wal")
        try fixture.change("k1", "2")
        #expect(try fixture.save(file, isLast: true)?.isWhole == true)
        file.close()
        #expect(same(try #require(try fixture.load()).writer.snapshot(), fixture.writer.snapshot()))
    }
}
