import ReplicaStore
import TableModel
import Testing

@testable import Service

@Suite struct ItemPollTests {
    private func publish(_ fixture: ServiceFixture, version: Int, others: Int = 0, epoch: String = "aaaaaaaa") throws {
        // The item comes after as many others as make its place in the feed go up with its version.
        var items: [[String: AttributeValue]] = (1..<version).map { ["id": .string("before-\($0)")] }
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
