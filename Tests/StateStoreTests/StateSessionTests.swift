import Basics
import Glibc
import ReplicaStore
import StateStore
import TestTools
import Testing

@Suite struct StateSessionTests {
    /// A session of small transactions, and 60 items to save.
    private func session(
        grace: Duration,
        now: @escaping @Sendable () -> Int64 = SystemClock.suspendingNanoseconds
    ) throws -> (fixture: StateFixture, session: StateSession) {
        let fixture = StateFixture()
        for number in 0..<60 { try fixture.change("k\(number)", "1") }
        var limits = StateLimits()
        limits.recordsPerTransaction = 7
        limits.stopGrace = grace
        return (fixture, StateSession(directory: try StateDirectory(fixture.path), limits: limits, now: now))
    }

    @Test("a first save that is under way when the process is asked to stop is finished within its grace")
    func finished() async throws {
        let (fixture, session) = try session(grace: .seconds(60))
        session.stop()
        let mark = StateFixture.mark()
        let report = try await session.save(fixture.writer.snapshot(), mark, of: StateFixture.identity, isLast: true)
        #expect(report?.records == 60)
        await session.close()
    }

    @Test("a suspend takes nothing from the grace of a first save")
    func suspended() async throws {
        let clocks = SuspendableClocks()
        let (fixture, session) = try session(grace: .seconds(1), now: { clocks.suspending.wholeNanoseconds })
        session.stop()
        clocks.suspend(for: .seconds(3_600))
        let (mark, identity) = (StateFixture.mark(), StateFixture.identity)
        #expect(try await session.save(fixture.writer.snapshot(), mark, of: identity, isLast: true)?.records == 60)
        try await session.abandon("a gap")
        session.stop()
        clocks.run(for: .seconds(1))
        #expect(try await session.save(fixture.writer.snapshot(), mark, of: identity, isLast: true) == nil)
        await session.close()
    }

    @Test("a session without its directory touches nothing in it")
    func awaiting() async throws {
        let (fixture, session) = try session(grace: .seconds(60))
        let (mark, identity) = (StateFixture.mark(), StateFixture.identity)
        _ = try await session.save(fixture.writer.snapshot(), mark, of: identity)
        let later = StateSession(awaiting: fixture.path)
        #expect(!later.isHeld && session.isHeld)
        await #expect(throws: StateDirectoryError.inUse(path: fixture.path)) { try await later.claim() }
        await #expect(throws: StateTrouble.self) {
            try await later.save(fixture.writer.snapshot(), mark, of: identity)
        }
        await #expect(throws: StateRejection.self) {
            _ = try await later.load(expecting: identity, at: StateFixture.now, storeLimits: StoreLimits())
        }
        try await later.abandon("not ours")
        await later.close()
        #expect(try await session.load(expecting: identity, at: StateFixture.now, storeLimits: StoreLimits()) != nil)
        await session.close()
    }

    @Test("a directory that was in use can be taken once its holder has gone, and is then in use itself")
    func claimed() async throws {
        let fixture = StateFixture()
        var holder: StateDirectory? = try StateDirectory(fixture.path)
        let session = StateSession(awaiting: fixture.path)
        await #expect(throws: StateDirectoryError.inUse(path: fixture.path)) { try await session.claim() }
        _ = holder
        holder = nil
        try await session.claim()
        try await session.claim()
        #expect(session.isHeld)
        #expect(throws: StateDirectoryError.inUse(path: fixture.path)) { try StateDirectory(fixture.path) }
        try fixture.change("k", "1")
        let report = try await session.save(fixture.writer.snapshot(), StateFixture.mark(), of: StateFixture.identity)
        #expect(report?.records == 1)
        await session.close()
    }

    @Test("a directory whose lock was removed is given up, and another process's state in it is left alone")
    func lockRemoved() async throws {
        let (fixture, session) = try session(grace: .seconds(60))
        let (mark, identity) = (StateFixture.mark(), StateFixture.identity)
        _ = try await session.save(fixture.writer.snapshot(), mark, of: identity)
        // As a careless cleaner does; then another process comes.
        for name in ["tablecast.lock", "tablecast.sqlite", "tablecast.sqlite-wal"] { unlink("\(fixture.path)/\(name)") }
        let other = StateSession(directory: try StateDirectory(fixture.path))
        _ = try await other.save(fixture.writer.snapshot(), mark, of: identity)
        try fixture.change("k1", "2")
        await #expect(throws: StateTrouble(StateDirectoryError.lockRemoved(path: fixture.path).description)) {
            try await session.save(fixture.writer.snapshot(), mark, of: identity)
        }
        #expect(!session.isHeld)
        await #expect(throws: StateDirectoryError.lockRemoved(path: fixture.path)) { try await session.claim() }
        try await session.abandon("not ours any more")
        let load = { try await other.load(expecting: identity, at: StateFixture.now, storeLimits: StoreLimits()) }
        #expect(try await load() != nil)
        await other.close()
    }

    @Test("a lock that was removed is not taken again, although it is free: another process may have had it meanwhile")
    func lockNotTakenAgain() async throws {
        let (fixture, session) = try session(grace: .seconds(60))
        let (mark, identity) = (StateFixture.mark(), StateFixture.identity)
        _ = try await session.save(fixture.writer.snapshot(), mark, of: identity)
        unlink("\(fixture.path)/tablecast.lock")
        await #expect(throws: StateTrouble.self) { try await session.abandon("a gap") }
        await #expect(throws: StateDirectoryError.lockRemoved(path: fixture.path)) { try await session.claim() }
        #expect(!session.isHeld)
        #expect(
            StateDirectoryError.lockRemoved(path: "/d").description
                == "the lock of the state directory /d was removed while it was in use, so nothing is saved any more. Start the "
                + "service again, and leave the files in the directory alone"
        )
        _ = try StateDirectory(fixture.path)
    }

    @Test("a first save that takes longer is left, and what it leaves is no state; a later generation is saved again")
    func left() async throws {
        let (fixture, session) = try session(grace: .zero)
        session.stop()
        let (mark, identity) = (StateFixture.mark(), StateFixture.identity)
        #expect(try await session.save(fixture.writer.snapshot(), mark, of: identity, isLast: true) == nil)
        await #expect(throws: StateRejection.incomplete) {
            _ = try await session.load(expecting: identity, at: StateFixture.now, storeLimits: StoreLimits())
        }
        try await session.abandon("a gap")
        let report = try await session.save(fixture.writer.snapshot(), mark, of: identity)
        #expect(report?.records == 60)
        await session.close()
    }
}
