import ItemQuery
import ReplicaStore
import TableModel
import Testing

@testable import Feed

@Suite struct ItemHistoryTests {
    @Test("ends at its bound of bytes as it does at its bound of versions, and does not call itself complete")
    func bounds() throws {
        let fixture = FeedFixture()
        fixture.writer.endBootstrap()
        let text = String(repeating: "x", count: 10_000)
        for value in 0..<20 {
            let item: [AttributeName: AttributeValue] = [
                "id": .string("a"), "v": .number("\(value)"), "text": .string(text),
            ]
            try fixture.put("a", Item(item))
        }
        fixture.publish()
        let snapshot = try #require(fixture.store.snapshot)
        let key = try ItemKey(partition: .string("a"), schema: FeedFixture.schema)
        func history(limit: Int, maximumBytes: Int) throws -> ItemHistory {
            var history = try #require(
                ItemHistory(
                    of: key,
                    in: snapshot,
                    representation: ItemRepresentation(),
                    difference: .none,
                    limit: limit,
                    maximumBytes: maximumBytes
                )
            )
            var bytes: [UInt8] = []
            while history.appendNext(to: &bytes) {}
            return history
        }
        let whole = try history(limit: 200, maximumBytes: 1_000_000)
        #expect(whole.count == 20 && whole.isComplete)
        let short = try history(limit: 200, maximumBytes: 50_000)
        #expect(short.count == 5 && !short.isComplete)
        #expect(try history(limit: 3, maximumBytes: 50_000).count == 3)
        #expect(try history(limit: 3, maximumBytes: 1).count == 1)
    }
}
