import ItemQuery
import ReplicaStore
import TableModel
import Testing

@testable import Feed

@Suite struct ChangesPageTests {
    private func text(_ step: ChangesPage.Step) -> String {
        switch step {
        case .page(let page): "[\(String(decoding: page.changes, as: UTF8.self))] \(page.next) \(page.hasMore)"
        case .nothing(let page): "nothing \(page.next) \(page.hasMore)"
        case .again: "again"
        case .piece: "piece"
        case .behind: "behind"
        case .gone(let reason): "gone \(reason.rawValue)"
        }
    }

    private func read(_ fixture: FeedFixture, _ change: (inout FeedRequest) -> Void) throws -> String {
        let snapshot = try #require(fixture.store.snapshot)
        let page = try ChangesPage(hub: fixture.hub, request: .make(change), snapshot: snapshot, now: .zero)
        return text(page.read(snapshot, now: .zero))
    }

    private func live() throws -> FeedFixture {
        let fixture = FeedFixture()
        try fixture.scan(["a", "b", "c"], value: 1)
        fixture.writer.endBootstrap()
        fixture.publish()
        return fixture
    }

    @Test("pages hold as many changes as asked for, and say where to go on and whether there is more")
    func pages() throws {
        let fixture = try live()
        func row(_ id: String, _ seq: Int, _ cause: String) -> String {
            #"{"op":"put","key":{"id":"\#(id)"},"item":{"id":"\#(id)","v":1},"id":"aaaaaaaa.\#(seq)","cause":"\#(cause)"}"#
        }
        let first = try read(fixture) {
            $0.start = .zero; $0.limit = 2
        }
        #expect(first == "[\(row("a", 1, "snapshot")),\(row("b", 2, "snapshot"))] aaaaaaaa.2 true")
        let position = try #require(Position("aaaaaaaa.2"))
        let second = try read(fixture) {
            $0.start = .position(position); $0.limit = 2
        }
        #expect(second == "[\(row("c", 3, "snapshot"))] aaaaaaaa.3 false")
    }

    @Test("a page without news is nothing, until there is some")
    func waits() throws {
        let fixture = try live()
        let snapshot = try #require(fixture.store.snapshot)
        let page = try ChangesPage(hub: fixture.hub, request: .make { $0.start = .now }, snapshot: snapshot, now: .zero)
        #expect(text(page.read(snapshot, now: .zero)) == "nothing aaaaaaaa.3 false")
        try fixture.put("a", 2)
        fixture.publish()
        let newer = try #require(fixture.store.snapshot)
        #expect(text(page.read(newer, now: .zero)).hasSuffix("] aaaaaaaa.4 false"))
    }

    @Test(
        "a position that cannot be resumed is gone, with the reason",
        arguments: [("bbbbbbbb.1", "other-epoch"), ("aaaaaaaa.9", "future-position")]
    )
    func gone(id: String, reason: String) throws {
        let position = try #require(Position(id))
        #expect(try read(live()) { $0.start = .position(position) } == "gone \(reason)")
    }

    @Test("every step can be read in pages")
    func steps() throws {
        let fixture = try live()
        for value in 2...4 { try fixture.put("a", value) }
        fixture.publish()
        let all = try read(fixture) {
            $0.start = .zero; $0.snapshot = .never; $0.mode = .all
        }
        #expect(all.split(separator: #""op":"put""#).count == 4)
        let latest = try read(fixture) {
            $0.start = .zero; $0.snapshot = .never
        }
        #expect(latest.split(separator: #""op":"put""#).count == 4)
        let position = try #require(Position("aaaaaaaa.3"))
        #expect(try read(fixture) { $0.start = .position(position) }.split(separator: #""op":"put""#).count == 2)
    }

    @Test("the history of an item has its versions, newest first, and says whether it is whole")
    func history() throws {
        let fixture = try live()
        for value in 2...4 { try fixture.put("a", value) }
        try fixture.put("new", 1)
        try fixture.remove("new")
        fixture.publish()
        let snapshot = try #require(fixture.store.snapshot)
        func history(_ id: String, limit: Int = 10) throws -> (text: String, isComplete: Bool, count: Int)? {
            let key = try ItemKey(partition: .string(id), schema: FeedFixture.schema)
            let history = ItemHistory(
                of: key,
                in: snapshot,
                representation: .init(),
                difference: .old,
                limit: limit,
                maximumBytes: .max
            )
            guard var history else { return nil }
            var versions: [UInt8] = []
            while history.appendNext(to: &versions) {}
            return (String(decoding: versions, as: UTF8.self), history.isComplete, history.count)
        }
        let a = try #require(try history("a"))
        #expect(a.count == 4)
        #expect(!a.isComplete)
        #expect(a.text.hasPrefix(#"{"op":"put","key":{"id":"a"},"item":{"id":"a","v":4},"id":"aaaaaaaa.6""#))
        #expect(a.text.contains(#""old":{"id":"a","v":3},"changed":["v"]}"#))
        #expect(a.text.hasSuffix(#""item":{"id":"a","v":1},"id":"aaaaaaaa.1","cause":"snapshot"}"#))
        #expect(try history("a", limit: 2)?.count == 2)
        let new = try #require(try history("new"))
        #expect(new.count == 2)
        #expect(new.isComplete)
        #expect(new.text.hasPrefix(#"{"op":"remove","key":{"id":"new"}"#))
        #expect(try history("never") == nil)
    }
}
