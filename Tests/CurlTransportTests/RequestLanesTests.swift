import TestTools
import Testing

@testable import CurlTransport

@Suite struct RequestLanesTests {
    private func narrow(_ settings: inout TransportSettings) {
        settings.concurrentRequests = 4
        settings.requestsKeptFree = 1
    }

    private func request(_ identifier: UInt64, lane: Int = 0) -> InFlightRequest {
        let request = makeRequest("http://127.0.0.1:1")
        return InFlightRequest(identifier: identifier, request: request, lane: lane, timeout: .seconds(20))
    }

    @Test("each lane leaves the other its share, and what is over makes room again", arguments: [1, 0])
    func shares(_ first: Int) throws {
        var lanes = RequestLanes(makeSettings(narrow))
        for identifier in 0..<6 as Range<UInt64> { lanes.append(request(identifier, lane: first)) }
        let sent = (0..<3).compactMap { _ in lanes.popFirst() }
        #expect(sent.map(\.identifier) == [0, 1, 2])
        #expect(lanes.popFirst() == nil)
        lanes.append(request(10, lane: 1 - first))
        lanes.append(request(11, lane: 1 - first))
        #expect(lanes.popFirst()?.identifier == 10)
        #expect(lanes.popFirst() == nil)
        #expect(lanes.waitingCount == 4)
        #expect(lanes.remove(4)?.identifier == 4)
        lanes.ended(try #require(sent.first))
        let next = lanes.popFirst()
        // Requests of the lower lane come first where both have room.
        #expect(next?.identifier == (first == 0 ? 3 : 11))
        #expect(lanes.removeAll().count == 2)
        #expect(lanes.waitingCount == 0)
    }

    @Test("requests leave in the order in which they came, over any number of them")
    func order() {
        var lanes = RequestLanes(makeSettings { $0.concurrentRequests = 10_000 })
        var expected: UInt64 = 0
        for identifier in 0..<5_000 as Range<UInt64> {
            lanes.append(request(identifier))
            if identifier % 3 == 0 {
                #expect(lanes.popFirst()?.identifier == expected)
                expected += 1
            }
        }
        while let request = lanes.popFirst() {
            #expect(request.identifier == expected)
            expected += 1
        }
        #expect(expected == 5_000)
        #expect(lanes.waitingCount == 0)
    }

    @Test("a request that was taken out is skipped and no longer counted")
    func remove() {
        var lanes = RequestLanes(makeSettings())
        for identifier in 1...4 as ClosedRange<UInt64> { lanes.append(request(identifier)) }
        #expect(lanes.remove(1)?.identifier == 1)
        #expect(lanes.remove(3)?.identifier == 3)
        #expect(lanes.remove(3) == nil)
        #expect(lanes.waitingCount == 2)
        #expect(lanes.popFirst()?.identifier == 2)
        #expect(lanes.popFirst()?.identifier == 4)
        #expect(lanes.popFirst() == nil)
    }

    @Test("requests that hang in one lane hold up none in the other", arguments: [1, 0])
    func hanging(_ lane: Int) async throws {
        let server = ScriptedServer { $0.text == "hang" ? .silence : .answer(body: "{}") }.start()
        defer { server.stop() }
        let transport = try makeTransport(narrow)
        defer { transport.close() }
        let hanging = (0..<20).map { _ in
            Task { [url = server.url] in
                do throws(TransportFailure) {
                    _ = try await transport.send(makeRequest(url, body: "hang"), lane: lane, timeout: .seconds(20))
                    return nil as TransportFailure.Cause?
                } catch { return error.cause }
            }
        }
        #expect(await comesTrue { server.requests.count == 3 }, "the requests hang")
        for _ in 0..<5 {
            let response = try await transport.send(makeRequest(server.url), lane: 1 - lane, timeout: .seconds(20))
            #expect(response.head.status == 200)
        }
        for task in hanging { task.cancel() }
        for task in hanging { #expect(await task.value == .cancelled) }
        // None of those that were cancelled counts any more.
        let left = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 {
                group.addTask { [url = server.url] in
                    let request = makeRequest(url)
                    return (try? await transport.send(request, lane: 1 - lane, timeout: .seconds(20))) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(left == 3)
    }
}
