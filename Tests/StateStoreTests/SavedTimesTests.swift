import ReplicaStore
import StateStore
import TableModel
import Testing

/// What a saved state knows of the times of its stream, by which replicas place each other's readers.
@Suite struct SavedTimesTests {
    private func saved(isLast: Bool) throws -> StreamTimes {
        let fixture = StateFixture()
        fixture.writer.follow(StateFixture.identity.streamTag, since: StateFixture.now - 60_000)
        try fixture.change("a", "1")
        fixture.writer.completed(StateFixture.now - 500)
        fixture.writer.mayHold(StateFixture.now + 500)
        let file = try fixture.open()
        try fixture.save(file, isLast: isLast)
        file.close()
        let restored = try #require(try fixture.load())
        return restored.writer.snapshot().times
    }

    @Test("a process that stopped in order leaves all of its times to the next one")
    func closed() throws {
        let now = StateFixture.now
        #expect(try saved(isLast: true) == StreamTimes(birth: now - 60_000, low: now - 500, high: now + 500))
    }

    @Test("after a process that was killed nothing counts as complete, since clients may know more")
    func killed() throws {
        let now = StateFixture.now
        #expect(try saved(isLast: false) == StreamTimes(birth: now - 60_000, low: nil, high: now + 500))
    }

    @Test("the tag of positions differs by table, stream and ignored attributes")
    func tags() throws {
        let one = StateFixture.identity
        let others = [
            StateIdentity(tableName: "other", keySchema: one.keySchema, streamARN: one.streamARN),
            StateIdentity(tableName: one.tableName, keySchema: one.keySchema, streamARN: "arn:stream/2"),
            StateIdentity(
                tableName: one.tableName,
                keySchema: one.keySchema,
                streamARN: one.streamARN,
                ignoredAttributes: try #require(.init("aws:*"))
            ),
        ]
        #expect(Set(([one] + others).map(\.streamTag)).count == 4)
        #expect(one.streamTag == StateFixture.identity.streamTag)
    }
}
