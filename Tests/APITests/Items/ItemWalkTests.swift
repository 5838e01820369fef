import Basics
import ItemQuery
import ReplicaStore
import ServiceTools
import TableModel
import Testing

@testable import API

/// A generation that a test writes to.
private final class Replica {
    let writer: GenerationWriter
    let schema = ServiceFixture.composite

    init() throws {
        writer = GenerationWriter(
            epoch: try #require(Epoch("aaaaaaaa")),
            keySchema: schema,
            limits: StoreLimits()
        )
        writer.endBootstrap()
    }

    func key(_ partition: String, _ sort: Int) throws -> ItemKey {
        try ItemKey(partition: .string(partition), sort: .number("\(sort)"), schema: schema)
    }

    func put(_ partition: String, _ sort: Int, _ value: Int = 0) throws {
        let item = Item([
            "pk": .string(partition), "sk": .number("\(sort)"), "v": .number("\(value)"),
        ])
        let change = Change(key: try key(partition, sort), outcome: .put(item), version: nil, at: 0, cause: .stream)
        #expect(writer.apply(change))
    }

    func remove(_ partition: String, _ sort: Int) throws {
        let change = Change(key: try key(partition, sort), outcome: .remove, version: nil, at: 0, cause: .stream)
        #expect(writer.apply(change))
    }
}

@Suite struct ItemWalkTests {
    private static let roomy = WalkBudget(records: .max, bytes: .max)

    private func walk(
        _ query: String,
        _ schema: KeySchema = ServiceFixture.composite,
        order: ReadOrder = .ascending
    ) throws -> ItemWalk {
        let filter = try FilterParameters(QueryParameters(testing: query), schema: schema, call: nil)
        return ItemWalk(filter: filter.filter, order: order, representation: filter.representation)
    }

    private func replica(partitions: Int, sorts: Int) throws -> Replica {
        let replica = try Replica()
        for partition in 0..<partitions {
            for sort in 0..<sorts { try replica.put("p\(partition)", sort, partition * 1000 + sort) }
        }
        return replica
    }

    @Test(
        "looks only at the records of the range that the key conditions name",
        arguments: [
            ("pk=p7", 50), ("pk=p7&sk=3", 1), ("pk=p7&sk_from=10", 40), ("pk=p7&sk_to=9", 10),
            ("pk=p7&sk_from=10&sk_to=19", 10),
            ("pk=p7&sk_from=19.5&sk_to=19.6", 0), ("pk=none", 0), ("pk=p7&sk=1000", 0), ("pk=p7&where=v%3D7003", 50),
            ("pk=p7&sk_from=3&sk_to=3&where=v%3D7003", 1), ("", 1000),
        ],
        [ReadOrder.ascending, .descending]
    )
    func visitsOnlyTheRange(query: (text: String, count: Int), order: ReadOrder) throws {
        var walk = try walk(query.text, order: order)
        let snapshot = try replica(partitions: 20, sorts: 50).writer.snapshot()
        #expect(walk.step(in: snapshot, budget: Self.roomy) { _ in true } == .finished)
        #expect(walk.examined == query.count)
    }

    @Test("stops at its budget of records, goes on behind it, and ends", arguments: [1, 7, 99, 100, 101, 5000])
    func recordBudget(records: Int) throws {
        var walk = try walk("where=v%3D42")
        let snapshot = try replica(partitions: 1, sorts: 100).writer.snapshot()
        var found = 0
        var steps = 0
        while true {
            let before = walk.examined
            let step = walk.step(in: snapshot, budget: WalkBudget(records: records, bytes: .max)) { _ in
                found += 1
                return true
            }
            steps += 1
            #expect(walk.examined - before <= records)
            if step == .finished { break }
            #expect(step == .paused)
        }
        #expect(found == 1 && walk.examined == 100)
        #expect(steps == max(1, (100 + records - 1) / records))
    }

    @Test("counts bytes as often as the query's operands look at them, and always gets on")
    func byteBudget() throws {
        let snapshot = try replica(partitions: 1, sorts: 100).writer.snapshot()
        func steps(_ query: String, _ bytes: Int) throws -> Int {
            var walk = try walk(query)
            var steps = 1
            while walk.step(in: snapshot, budget: WalkBudget(records: .max, bytes: bytes), { _ in true }) != .finished {
                steps += 1
            }
            return steps
        }
        // Without a predicate items are not looked at here: what a page writes is bounded by its own bytes.
        #expect(try steps("", 1) == 1)
        #expect(try steps("where=v%3D42", 1) == 100)
        let once = try steps("where=v%3D42", 200)
        #expect(try steps("where=v%3D42+or+v%3D43+or+v%3D44+or+v%3D45", 200) > once * 2)
        #expect(try steps("fields=pk", 200) == once)
    }

    @Test("counts removed records too, so that a range of tombstones cannot hold a loop")
    func tombstones() throws {
        let replica = try replica(partitions: 1, sorts: 1000)
        for sort in 0..<1000 { try replica.remove("p0", sort) }
        try replica.put("p0", 1000)
        var walk = try walk("")
        let snapshot = replica.writer.snapshot()
        let budget = WalkBudget(records: 100, bytes: .max)
        for _ in 0..<10 { #expect(walk.step(in: snapshot, budget: budget) { _ in true } == .paused) }
        var found = 0
        #expect(
            walk.step(in: snapshot, budget: budget) { _ in
                found += 1; return true
            } == .finished
        )
        #expect(found == 1)
    }

    @Test("keeps an item that was not taken for the next step")
    func notTaken() throws {
        let snapshot = try replica(partitions: 1, sorts: 10).writer.snapshot()
        var walk = try walk("")
        var seen: [String] = []
        while true {
            var room = 3
            let step = walk.step(in: snapshot, budget: Self.roomy) { record in
                if room == 0 { return false }
                room -= 1
                seen.append("\(record.seq)")
                return true
            }
            if step == .finished { break }
            #expect(step == .stopped)
        }
        #expect(seen == (1...10).map(String.init))
    }

    /// What a client has after a walk, and what it must do to have the table.
    @Test(
        "an untouched item is in exactly one page whatever is written meanwhile, and the changes since the first page complete the rest",
        arguments: 1...30 as ClosedRange<UInt64>
    )
    func stableUnderWrites(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let replica = try replica(partitions: 4, sorts: 30)
        for sort in 0..<5 { try replica.remove("p1", sort) }
        let isTouchable = { (partition: Int, sort: Int) in (partition * 31 + sort) % 3 == 0 }
        let predicate = seed % 3 == 0 ? "where=v<%3D2010" : ""
        let order: ReadOrder = seed % 2 == 0 ? .ascending : .descending
        var walk = try walk(predicate, order: order)
        var seen: [ItemKey: Int] = [:]
        var held: [ItemKey: Item] = [:]
        var start: Position?
        var limits = APILimits()
        limits.pageRecords = Int.random(in: 3...40, using: &random)
        let limit = Int.random(in: 1...9, using: &random)
        while true {
            let snapshot = replica.writer.snapshot()
            if start == nil { start = snapshot.position }
            var count = 0
            // As a page does it, but keeping what it tells.
            let step = walk.step(in: snapshot, budget: limits.pageBudget) { record in
                if count == limit { return false }
                count += 1
                seen[record.key, default: 0] += 1
                held[record.key] = record.withPackedItem { Item(packed: Array($0)) }
                return true
            }
            if step == .finished { break }
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let (partition, sort) = (Int.random(in: 0..<5, using: &random), Int.random(in: 0..<40, using: &random))
                guard isTouchable(partition, sort) else { continue }
                if Bool.random(using: &random) {
                    try replica.put("p\(partition)", sort, Int.random(in: 0..<4000, using: &random))
                } else {
                    try replica.remove("p\(partition)", sort)
                }
            }
        }
        #expect(seen.values.allSatisfy { $0 == 1 })
        let filter = walk.filter
        let final = replica.writer.snapshot()
        for partition in 0..<4 {
            for sort in 0..<30 where !isTouchable(partition, sort) && !(partition == 1 && sort < 5) {
                let key = try replica.key("p\(partition)", sort)
                let passes = final.record(for: key)?.withPackedItem { filter.predicate?.matches($0) ?? true } ?? false
                #expect(seen[key] == (passes ? 1 : nil), "p\(partition):\(sort)")
            }
        }
        // The feed from the first page's position: a put or a removal for each key that changed, filtered as the list is.
        final.forEachChange(after: try #require(start).seq) { record in
            let item = record.isTombstone ? nil : record.withPackedItem { Item(packed: Array($0)) }
            let passes = item?.packed.withUnsafeBytes { filter.predicate?.matches($0) ?? true } ?? false
            held[record.key] = passes ? item : nil
            return true
        }
        var expected: [ItemKey: Item] = [:]
        final.forEach(from: nil, to: nil) { record in
            let item = record.withPackedItem { Item(packed: Array($0)) }
            if item.packed.withUnsafeBytes({ filter.predicate?.matches($0) ?? true }) { expected[record.key] = item }
            return true
        }
        #expect(held == expected)
    }
}
