import ReplicaStore
import StateStore
import TableModel
import Testing

/// A saved state remembers which items cannot be read, however many removals are forgotten meanwhile.
@Suite struct UnreadableStateTests {
    private func mark(_ fixture: StateFixture, _ id: String) throws {
        try fixture.change(id, nil, cause: .unreadable)
    }

    private func unreadable(_ snapshot: StoreSnapshot) -> [String] {
        var keys: [String] = []
        snapshot.forEach(from: nil, to: nil, includingTombstones: true) { record in
            if record.isUnreadable { keys.append(String(decoding: record.key.bytes.prefix { $0 != 0 }, as: UTF8.self)) }
            return true
        }
        return keys
    }

    @Test("it is saved and comes back, also beyond the horizon of forgotten removals")
    func roundTrip() throws {
        let fixture = StateFixture(maximumTombstones: 2)
        try mark(fixture, "old")
        let file = try fixture.open()
        try fixture.save(file)
        for number in 0..<20 {
            try fixture.change("k\(number)", "v")
            try fixture.change("k\(number)", nil)
        }
        try mark(fixture, "new")
        try fixture.save(file)
        try fixture.save(file, StateFixture.mark("q"), isLast: true)
        file.close()
        let state = try #require(try fixture.load()).writer.snapshot()
        #expect(state.horizon > 1)
        #expect(unreadable(state) == ["new", "old"])
        #expect(state.unreadableCount == 2)
        #expect(state.itemCount == 0)
        #expect(state.tombstoneCount == 2)
    }

    @Test("one that was removed, and the removal forgotten between two saves, does not come back")
    func removed() throws {
        let fixture = StateFixture(maximumTombstones: 1)
        let file = try fixture.open()
        for id in ["gone", "kept", "mended"] { try mark(fixture, id) }
        try fixture.save(file)
        try fixture.change("gone", nil)
        try fixture.change("mended", "v")
        for number in 0..<5 { try fixture.change("k\(number)", nil) }
        try fixture.save(file, StateFixture.mark("q"), isLast: true)
        file.close()
        let state = try #require(try fixture.load()).writer.snapshot()
        #expect(unreadable(state) == ["kept"])
        #expect(state.itemCount == 1)
        #expect(same(state, fixture.writer.snapshot()))
    }
}
