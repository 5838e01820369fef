import Testing

@testable import AWSClient

@Suite struct RequestLanesTests {
    private static let streamsTarget = "DynamoDBStreams_20120810.GetRecords"

    private var limits: AWSClientLimits {
        var limits = AWSClientLimits()
        limits.concurrentRequests = 4
        limits.requestsKeptFree = 1
        return limits
    }

    private func ticket(_ identifier: UInt64, ofStreams: Bool) -> Ticket {
        let target = ofStreams ? Self.streamsTarget : "DynamoDB_20120810.Scan"
        return Ticket(identifier: identifier, request: makeRequest("http://127.0.0.1:1", target: target))
    }

    @Test("each service leaves the other its share, and what is over makes room again", arguments: [false, true])
    func shares(_ first: Bool) throws {
        var lanes = RequestLanes(limits)
        for identifier in 0..<6 as Range<UInt64> { lanes.append(ticket(identifier, ofStreams: first)) }
        let sent = (0..<3).compactMap { _ in lanes.popFirst() }
        #expect(sent.map(\.identifier) == [0, 1, 2])
        #expect(lanes.popFirst() == nil)
        lanes.append(ticket(10, ofStreams: !first))
        lanes.append(ticket(11, ofStreams: !first))
        #expect(lanes.popFirst()?.identifier == 10)
        #expect(lanes.popFirst() == nil)
        #expect(lanes.waitingCount == 4)
        #expect(lanes.remove(4)?.identifier == 4)
        lanes.ended(try #require(sent.first))
        let next = lanes.popFirst()
        // Requests of the streams come first where both have room.
        #expect(next?.identifier == (first ? 3 : 11))
        #expect(lanes.removeAll().count == 2)
        #expect(lanes.waitingCount == 0)
    }

    @Test("requests that hang at one service hold up none at the other", arguments: [false, true])
    func hanging(_ streamsHang: Bool) async throws {
        let server = ScriptedServer { request in
            let isOfStreams = request.header("x-amz-target")?.hasPrefix("DynamoDBStreams") ?? false
            return isOfStreams == streamsHang ? .silence : .answer(body: "{}")
        }.start()
        defer { server.stop() }
        let transport = try makeTransport(limits: limits)
        defer { transport.close() }
        let targets = [true: Self.streamsTarget, false: "DynamoDB_20120810.Scan"]
        let hanging = (0..<20).map { _ in
            Task { [url = server.url] in
                let request = makeRequest(url, target: targets[streamsHang, default: ""])
                do throws(TransportFailure) {
                    _ = try await transport.send(request)
                    return nil as TransportFailure.Cause?
                } catch { return error.cause }
            }
        }
        await eventually("the requests hang") { server.requests.count == 3 }
        for _ in 0..<5 {
            let request = makeRequest(server.url, target: targets[!streamsHang, default: ""])
            #expect(try await transport.send(request).status == 200)
        }
        for task in hanging { task.cancel() }
        for task in hanging { #expect(await task.value == .cancelled) }
        // None of those that were cancelled counts any more.
        let left = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 {
                group.addTask { [url = server.url] in
                    let request = makeRequest(url, target: targets[!streamsHang, default: ""])
                    return (try? await transport.send(request)) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(left == 3)
    }
}
