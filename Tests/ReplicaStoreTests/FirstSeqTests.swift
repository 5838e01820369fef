import ReplicaStore
import TableModel
import Testing

/// Generations whose numbers do not begin at 1.
@Suite struct FirstSeqTests {
    private let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    private func writer(after seq: UInt64) throws -> GenerationWriter {
        let epoch = try #require(Epoch("aaaaaaaa"))
        return GenerationWriter(epoch: epoch, keySchema: schema, limits: StoreLimits(), startingAfter: seq)
    }

    private func put(_ name: String, in writer: GenerationWriter) throws {
        let item = Item(["id": .string(name)])
        let key = try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
        #expect(writer.apply(Change(key: key, outcome: .put(item), version: nil, at: 0, cause: .stream)))
    }

    @Test(
        "the first change has the number after the first, and all is told from 0 on",
        arguments: [0, 7, 1 << 40, 1 << 62]
    )
    func offset(_ first: UInt64) throws {
        let writer = try writer(after: first)
        #expect(writer.seq == first)
        try put("a", in: writer)
        try put("b", in: writer)
        writer.endBootstrap()
        try put("a", in: writer)
        let snapshot = writer.snapshot()
        #expect(snapshot.position.seq == first + 3)
        #expect(snapshot.position.description.split(separator: ".")[1].count <= 19)
        #expect(Position(snapshot.position.description) == snapshot.position)
        #expect(snapshot.horizon == 0, "where a reader can resume from must not tell where the numbers began")
        #expect(snapshot.history.floor == first + 2 && snapshot.history.count == 1)
        var told: [UInt64] = []
        snapshot.forEachChange(after: 0) {
            told.append($0.seq)
            return true
        }
        #expect(told == [first + 2, first + 3])
    }
}
