import Replication
import ServiceTools
import TableModel
import Testing

@testable import API

/// What clients are told of items that the table has and that cannot be read.
@Suite struct UnreadableItemTests {
    private func fixture() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        try fixture.publish(
            (0..<5).map { ["pk": .string("a"), "sk": .number("\($0)"), "v": .number("\($0)")] },
            unreadable: ["6", "7"].map { ["pk": .string("a"), "sk": .number($0)] } + [
                ["pk": .string("b"), "sk": .number("1")]
            ],
            schema: ServiceFixture.composite
        )
        return fixture
    }

    @Test(
        "a request for one is a 502 that says what to do, whatever else it asks",
        arguments: [
            "/v1/items/a/6", "/v1/items?pk=a&sk=6", "/v1/items/a/6?fields=v", "/v1/items/a/6?until=v%20%3D%201",
        ]
    )
    func item(_ target: String) async throws {
        let fixture = try fixture()
        let answer = try fixture.request(target)
        #expect(answer.status == 502)
        #expect(
            answer.body.hasPrefix(
                #"{"type":"urn:tablecast:problem:item-unreadable","title":"Bad Gateway","status":502,"detail":"The table has an item "#
                    + "under this key that this version of Tablecast cannot read, such as one with a value of an unknown type. Read it "
                    + #"from DynamoDB. Tablecast reads it again when it changes, after a restart, and with --verify-rcu.""#
            ),
            "\(answer.body)"
        )
        #expect(answer["replica-position"] == "aaaaaaaa.8")
        #expect(answer["cache-control"] == "no-store")
        let head = try fixture.request(target, method: "HEAD")
        #expect(head.status == 502)
        await fixture.stop()
    }

    @Test("a wait for another state of it ends at once, since it has one; with until it goes on, to a 502 at the end")
    func waits() async throws {
        let fixture = try fixture()
        let clock = ContinuousClock()
        // It does not end by its own time within the client's patience.
        let fields = ["Prefer: wait=60", #"If-None-Match: "x""#]
        #expect(try fixture.request("/v1/items/a/6", fields: fields).status == 502)
        let began = clock.now
        #expect(try fixture.request("/v1/items/a/6?until=v%20%3D%201", fields: ["Prefer: wait=1"]).status == 502)
        #expect(clock.now - began >= .seconds(1))
        await fixture.stop()
    }

    @Test("a batch names them apart from what is missing, in the form that was asked for")
    func batch() async throws {
        let fixture = try fixture()
        let keys = #"{"keys":[{"pk":"a","sk":6},{"pk":"a","sk":1},{"pk":"z","sk":1},{"pk":"b","sk":1}]}"#
        let answer = try fixture.post("/v1/items/batch-get", keys)
        #expect(
            answer.body.hasPrefix(
                #"{"found":[{"pk":"a","sk":1,"v":1}],"missing":[{"pk":"z","sk":1}],"unreadable":[{"pk":"a","sk":6},{"pk":"b","sk":1}],"#
                    + #""as_of":{"#
            ),
            "\(answer.body)"
        )
        let typed = try fixture.post("/v1/items/batch-get?format=dynamodb", #"{"keys":[{"pk":"a","sk":6}]}"#)
        #expect(
            typed.body.hasPrefix(#"{"found":[],"missing":[],"unreadable":[{"pk":{"S":"a"},"sk":{"N":"6"}}],"as_of""#)
        )
        await fixture.stop()
    }

    @Test("a list names those of its range, a page no more than it may have items, and its entity tag covers them")
    func list() async throws {
        let fixture = try fixture()
        let whole = try fixture.request("/v1/items")
        let named = #""unreadable":[{"pk":"a","sk":6},{"pk":"a","sk":7},{"pk":"b","sk":1}],"next":null"#
        #expect(whole.body.contains(named))
        let partition = try fixture.request("/v1/items/a?where=v%20%3E%203")
        #expect(
            partition.body.hasPrefix(
                #"{"items":[{"pk":"a","sk":4,"v":4}],"unreadable":[{"pk":"a","sk":6},{"pk":"a","sk":7}],"next":null"#
            ),
            "\(partition.body)"
        )
        #expect(!(try fixture.request("/v1/items?pk=a&sk_to=5").body.contains("unreadable")))
        let first = try fixture.request("/v1/items/a?sk_from=6&limit=1")
        #expect(first.body.hasPrefix(#"{"items":[],"unreadable":[{"pk":"a","sk":6}],"next":""#))
        let second = try fixture.request(try #require(first.links(from: "/v1/items/a")["next"]))
        #expect(second.body.hasPrefix(#"{"items":[],"unreadable":[{"pk":"a","sk":7}],"next":null"#), "\(second.body)")
        let tag = try #require(partition["etag"])
        try fixture.publish(
            (0..<5).map { ["pk": .string("a"), "sk": .number("\($0)"), "v": .number("\($0)")] },
            schema: ServiceFixture.composite
        )
        #expect(try fixture.request("/v1/items/a?where=v%20%3E%203", fields: ["If-None-Match: \(tag)"]).status == 200)
        await fixture.stop()
    }

    @Test("an export counts them in its last line, and the status and the metrics in theirs")
    func counts() async throws {
        let fixture = try fixture()
        fixture.setStatus {
            $0.unreadable.skippedRecords = 2
            $0.unreadable.recent = [.init(text: "the item x cannot be read (unknown type)", at: 1_700_000_000_000)]
        }
        let export = try fixture.request("/v1/items", fields: ["Accept: application/x-ndjson"]).body
        let last = try #require(export.split(separator: "\n").last)
        #expect(export.split(separator: "\n").count == 6)
        #expect(last.hasSuffix(#","unreadable_items":3}"#), "\(last)")
        let status = try fixture.request("/v1/status").body
        #expect(
            status.contains(
                #""items":5,"#
            )
        )
        #expect(
            status.contains(
                #""unreadable":{"items":3,"skipped_records":2,"skipped_rows":0,"recent":[{"what":"the item x cannot be read "#
                    + #"(unknown type)","at":"2023-11-14T22:13:20.000Z"}]}"#
            ),
            "\(status)"
        )
        let metrics = try fixture.request("/metrics").body
        #expect(metrics.contains("\ntablecast_replica_unreadable_items 3\n"))
        #expect(metrics.contains("\ntablecast_replica_skipped_records 2\n"))
        await fixture.stop()
    }
}
