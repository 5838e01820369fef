import ItemQuery
import ReplicaStore
import Service
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct ItemPollTests {
    private func publish(_ fixture: ServiceFixture, version: Int, others: Int = 0, epoch: String = "aaaaaaaa") throws {
        // The item comes after as many others as make its place in the feed go up with its version.
        var items: [[AttributeName: AttributeValue]] = (1..<version).map { ["id": .string("before-\($0)")] }
        items.append(["id": .string("a"), "version": .number("\(version)")])
        items += (0..<others).map { ["id": .string("other-\($0)")] }
        try fixture.publish(items, schema: ServiceFixture.single, epoch: epoch)
    }

    private func filled(_ change: (inout APILimits) -> Void = { _ in }) throws -> ServiceFixture {
        let fixture = try ServiceFixture(limits: change)
        try publish(fixture, version: 1)
        return fixture
    }

    @Test("with If-None-Match it waits for another item, and says that it waited")
    func changes() async throws {
        let fixture = try filled()
        let tag = try #require(try fixture.request("/v1/items/a")["etag"])
        let fields = ["If-None-Match: \(tag)", "Prefer: wait=30"]
        let poll = try fixture.begin("/v1/items/a", fields: fields)
        try await fixture.waitForWaiting(1)
        // Another item's change is no answer.
        try publish(fixture, version: 1, others: 1)
        #expect(try fixture.request("/metrics").body.contains("\ntablecast_http_waiting_requests 1\n"))
        try publish(fixture, version: 2, others: 1)
        let answer = try fixture.answer(on: poll)
        #expect(answer.status == 200)
        #expect(answer.body == #"{"id":"a","version":2}"#)
        #expect(answer["preference-applied"] == "wait=30")
        #expect(answer["access-control-allow-origin"] == "*")
        try await fixture.waitForWaiting(0)
        await fixture.stop()
    }

    @Test("an item that the client has not is answered at once, and a removed one is 404")
    func atOnce() async throws {
        let fixture = try filled()
        let other = try fixture.request("/v1/items/a", fields: ["If-None-Match: \"x\"", "Prefer: wait=30"])
        #expect(other.status == 200)
        #expect(other["preference-applied"] == "wait=30")
        let tag = try #require(other["etag"])
        let poll = try fixture.begin("/v1/items/a", fields: ["If-None-Match: \(tag)", "Prefer: wait=30"])
        try await fixture.waitForWaiting(1)
        try fixture.publish([["id": .string("b")]], schema: ServiceFixture.single)
        #expect(try fixture.answer(on: poll).status == 404)
        await fixture.stop()
    }

    @Test("when nothing changes it answers 304 when the time is over; without conditions nothing is waited for")
    func timeout() async throws {
        let fixture = try filled { $0.longestWait = .seconds(1) }
        let tag = try #require(try fixture.request("/v1/items/a")["etag"])
        let began = ContinuousClock.now
        let answer = try fixture.request("/v1/items/a", fields: ["If-None-Match: \(tag)", "Prefer: wait=86400"])
        #expect(answer.status == 304)
        #expect(ContinuousClock.now - began >= .seconds(1))
        #expect(answer["preference-applied"] == "wait=1")
        let plain = try fixture.request("/v1/items/a", fields: ["Prefer: wait=30"])
        #expect(plain.status == 200)
        #expect(plain["preference-applied"] == nil)
        await fixture.stop()
    }

    @Test("no cache keeps a response to a client that is willing to wait: browsers hold equal requests back otherwise")
    func unstored() async throws {
        let fixture = try filled { $0.longestWait = .seconds(1) }
        let plain = try fixture.request("/v1/items/a")
        let tag = try #require(plain["etag"])
        #expect(plain["cache-control"] == "no-cache")
        let wait = "Prefer: wait=1"
        for (query, fields, status) in [
            ("", [wait], 200), ("", [wait, "If-None-Match: \"x\""], 200), ("", [wait, "If-None-Match: \(tag)"], 304),
            ("?until=version%3D1", [wait], 200), ("?until=version%3D9", [wait], 412),
            ("?until=version%3D1", [wait, "If-None-Match: \(tag)"], 304), ("?fields=id", [wait], 200),
        ] {
            let answer = try fixture.request("/v1/items/a\(query)", fields: fields)
            #expect(answer.status == status, "\(query) \(fields)")
            #expect(answer["cache-control"] == "no-store", "\(query) \(fields)")
        }
        #expect(try fixture.request("/v1/items/none", fields: [wait])["cache-control"] == "no-store")
        for fields in [["If-None-Match: \(tag)"], ["Prefer: wait=0"], ["Prefer: respond-async"]] {
            #expect(try fixture.request("/v1/items/a", fields: fields)["cache-control"] == "no-cache", "\(fields)")
        }
        await fixture.stop()
    }

    @Test("a tag with the coding of a proxy waits as the tag itself does")
    func codedTag() async throws {
        let fixture = try filled { $0.longestWait = .seconds(1) }
        let tag = try #require(try fixture.request("/v1/items/a")["etag"])
        for suffix in ["-gzip", "--gzip", ";gzip", "-br"] {
            let coded = "W/" + tag.dropLast() + suffix + "\""
            let began = ContinuousClock.now
            let answer = try fixture.request("/v1/items/a", fields: ["If-None-Match: \(coded)", "Prefer: wait=1"])
            #expect(answer.status == 304, "\(suffix)")
            #expect(ContinuousClock.now - began >= .seconds(1), "\(suffix)")
            #expect(answer["etag"] == tag)
            #expect(try fixture.request("/v1/items/a", fields: ["If-Match: \(coded.dropFirst(2))"]).status == 412)
        }
        await fixture.stop()
    }

    @Test("until waits for an item that satisfies it, also for one that is not there yet")
    func fence() async throws {
        let fixture = try filled()
        let met = try fixture.request("/v1/items/a?until=version%20%3E%3D%201")
        #expect(met.status == 200)
        for (target, version) in [
            ("/v1/items/a?until=version%20%3E%3D%203", 3), ("/v1/items/a?until=version%20%3E%3D%205", 5),
        ] {
            let poll = try fixture.begin(target, fields: ["Prefer: wait=30"])
            try await fixture.waitForWaiting(1)
            try publish(fixture, version: version - 1)
            try publish(fixture, version: version)
            let answer = try fixture.answer(on: poll)
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""version":\#(version)"#))
        }
        let absent = try fixture.begin("/v1/items/new?until=exists(id)", fields: ["Prefer: wait=30"])
        try await fixture.waitForWaiting(1)
        try fixture.publish([["id": .string("new")]], schema: ServiceFixture.single, epoch: "bbbbbbbb")
        #expect(try fixture.answer(on: absent).status == 200)
        await fixture.stop()
    }

    @Test("an item that does not satisfy until in time is a 412 with the newest position")
    func unmet() async throws {
        let fixture = try filled { $0.longestWait = .seconds(1) }
        let now = try fixture.request("/v1/items/a?until=version%20%3E%3D%209")
        #expect(now.status == 412)
        #expect(now.body.contains("urn:tablecast:problem:condition-not-met"))
        #expect(now.body.contains("The item does not satisfy the condition as of position aaaaaaaa.1."))
        #expect(now.body.contains(#""position":"aaaaaaaa.1""#))
        let later = try fixture.request("/v1/items/none?until=exists(id)", fields: ["Prefer: wait=9"])
        #expect(later.status == 412)
        #expect(
            later.body.contains("There is no item under this key as of position aaaaaaaa.1, and did not within 1 s.")
        )
        await fixture.stop()
    }

    @Test("until may read attributes 32 times, and a longer condition is a 400 that says so")
    func operands() async throws {
        let fixture = try filled()
        func condition(_ count: Int) -> String {
            Array(repeating: "version%20%3E%3D%201", count: count).joined(separator: "%20AND%20")
        }
        #expect(try fixture.request("/v1/items/a?until=\(condition(32))").status == 200)
        for fields in [[], ["Prefer: wait=30"]] {
            let refused = try fixture.request("/v1/items/a?until=\(condition(33))", fields: fields)
            #expect(refused.status == 400)
            #expect(refused.body.contains("it reads attributes 33 times, and until may do so at most 32 times"))
        }
        #expect(try fixture.request("/v1/items?where=\(condition(33))").status == 200)
        await fixture.stop()
    }

    @Test(
        "requests that wait for the same share one test of each state of the item, and those that wait for another do not"
    )
    func sharedVerdicts() async throws {
        let fixture = try filled { $0.untilWork = 0 }
        func begin(_ version: Int, _ count: Int) throws -> [Int32] {
            try (0..<count).map { _ in
                try fixture.begin("/v1/items/a?until=version%20%3E%3D%20\(version)", fields: ["Prefer: wait=30"])
            }
        }
        let (second, third) = (try begin(2, 5), try begin(3, 5))
        try await fixture.waitForWaiting(10)
        try publish(fixture, version: 2)
        for poll in second { #expect(try fixture.answer(on: poll).body == #"{"id":"a","version":2}"#) }
        try await fixture.waitForWaiting(5)
        try publish(fixture, version: 3)
        for poll in third { #expect(try fixture.answer(on: poll).body == #"{"id":"a","version":3}"#) }
        // Without a wait the test is made after others' turns, too, and nothing of the answer changes.
        #expect(try fixture.request("/v1/items/a?until=version%20%3E%3D%204").status == 412)
        #expect(try fixture.request("/v1/items/a?until=version%20%3E%3D%203")["preference-applied"] == nil)
        try await fixture.waitForWaiting(0)
        await fixture.stop()
    }

    @Test("a verdict belongs to one state of one epoch, and no more are kept than the limit")
    func verdicts() throws {
        var limits = APILimits()
        limits.untilWork = 0
        limits.untilVerdicts = 10
        let verdicts = UntilVerdicts(limits: limits)
        let writer = GenerationWriter(
            epoch: try #require(Epoch("aaaaaaaa")),
            keySchema: ServiceFixture.single,
            limits: StoreLimits()
        )
        let key = try ItemKey(partition: .string("a"), schema: ServiceFixture.single)
        let condition = UntilPredicate(try WhereExpression("v >= 20"))
        for value in 1...40 {
            let item = Item(["id": .string("a"), "v": .number("\(value)")])
            #expect(writer.apply(Change(key: key, outcome: .put(item), version: nil, at: 0, cause: .stream)))
            let snapshot = writer.snapshot()
            let record = try #require(snapshot.record(for: key))
            for _ in 0..<2 {
                #expect(verdicts.isSatisfied(condition, by: record, epoch: snapshot.position.epoch) == (value >= 20))
            }
            #expect(!verdicts.isCostly(condition, record, epoch: snapshot.position.epoch))
            #expect(verdicts.isCostly(condition, record, epoch: try #require(Epoch("bbbbbbbb"))))
            #expect(verdicts.count == (value - 1) % 10 + 1)
        }
    }

    @Test("a place that is not there is a 503, and places come back")
    func bounded() async throws {
        let fixture = try filled { $0.waitingRequests = 1 }
        let poll = try fixture.begin("/v1/items/a?until=version%20%3E%3D%202", fields: ["Prefer: wait=30"])
        try await fixture.waitForWaiting(1)
        let refused = try fixture.request("/v1/items/a?until=version%20%3E%3D%202", fields: ["Prefer: wait=30"])
        #expect(refused.status == 503)
        #expect(refused.body.contains("urn:tablecast:problem:overloaded"))
        try publish(fixture, version: 2)
        #expect(try fixture.answer(on: poll).status == 200)
        try await fixture.waitForWaiting(0)
        #expect(
            try fixture.request("/v1/items/a?until=version%20%3E%3D%202", fields: ["Prefer: wait=30"]).status == 200
        )
        await fixture.stop()
    }

    @Test("a server that stops answers what waits")
    func draining() async throws {
        let fixture = try filled()
        let poll = try fixture.begin("/v1/items/a?until=version%20%3E%3D%202", fields: ["Prefer: wait=30"])
        try await fixture.waitForWaiting(1)
        await fixture.stop()
        #expect(try fixture.answer(on: poll).status == 412)
    }

    @Test("a replica that is taken away meanwhile is waited for")
    func withdrawn() async throws {
        let fixture = try filled()
        let poll = try fixture.begin("/v1/items/a?until=version%20%3E%3D%202", fields: ["Prefer: wait=30"])
        try await fixture.waitForWaiting(1)
        fixture.store.withdraw()
        fixture.front.wakeStreams()
        try publish(fixture, version: 2, epoch: "bbbbbbbb")
        let answer = try fixture.answer(on: poll)
        #expect(answer.status == 200)
        #expect(answer["replica-position"] == "bbbbbbbb.2")
        await fixture.stop()
    }
}
