import TestTools
import Testing

@testable import CurlTransport

@Suite struct TransportCancellationTests {
    @Test("cancelling the task ends a request that is on the wire, and the transport serves the next")
    func cancelOnTheWire() async throws {
        let server = ScriptedServer { $0.text == "{}" ? .silence : .answer(body: "{}") }.start()
        defer { server.stop() }
        let transport = try makeTransport()
        let task = Task {
            await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) }
        }
        #expect(await comesTrue { server.requests.count == 1 }, "the request arrives")
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(try await transport.send(makeRequest(server.url, body: "[]")).head.status == 200)
        transport.close()
    }

    @Test("cancelling the task ends a request that waits for a connection")
    func cancelInLine() async throws {
        let server = Script(.silence).server()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.concurrentRequests = 1
        }
        let first = Task {
            await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) }
        }
        #expect(await comesTrue { server.requests.count == 1 }, "the first request arrives")
        let second = Task {
            await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) }
        }
        second.cancel()
        #expect(await second.value == .cancelled)
        #expect(server.requests.count == 1)
        first.cancel()
        #expect(await first.value == .cancelled)
        transport.close()
    }

    @Test("a task that was cancelled before it called sends nothing")
    func cancelledBefore() async throws {
        let server = Script(.answer(body: "{}")).server()
        defer { server.stop() }
        let transport = try makeTransport()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) }
        }
        #expect(await task.value == .cancelled)
        #expect(server.requests.isEmpty)
        transport.close()
    }

    @Test("cancelling at any moment ends every request once, as cancelled or with its response")
    func cancelRaces() async throws {
        let server = ScriptedServer { .answer(body: $0.text) }.start()
        defer { server.stop() }
        let transport = try makeTransport()
        for round in 0..<200 {
            let task = Task {
                await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) }
            }
            for _ in 0..<(round % 40) { await Task.yield() }
            task.cancel()
            let outcome = await task.value
            #expect(outcome == nil || outcome == .cancelled)
        }
        #expect(try await transport.send(makeRequest(server.url)).head.status == 200)
        transport.close()
    }

    @Test("closing fails what is on the wire, what waits, and what comes later")
    func close() async throws {
        let server = Script(.silence).server()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.concurrentRequests = 1
        }
        let tasks = (0..<3).map { _ in
            Task { await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) } }
        }
        #expect(await comesTrue { server.requests.count == 1 }, "a request arrives")
        transport.close()
        for task in tasks { #expect(await task.value == .closed) }
        #expect(
            await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) } == .closed
        )
        transport.close()
    }

    @Test("one request more than may wait fails at once")
    func queueFull() async throws {
        let server = Script(.silence).server()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.concurrentRequests = 1
            $0.waitingRequests = 1
        }
        let first = Task {
            await cause { () throws(TransportFailure) in try await transport.send(makeRequest(server.url)) }
        }
        #expect(await comesTrue { server.requests.count == 1 }, "the first request arrives")
        // One of the two gets the place in line, the other is refused; then the close ends the one that waits.
        let others = (0..<2).map { _ in
            Task { () -> TransportFailure.Cause? in
                let outcome = await cause { () throws(TransportFailure) in
                    try await transport.send(makeRequest(server.url))
                }
                transport.close()
                return outcome
            }
        }
        var outcomes: Set<TransportFailure.Cause> = []
        for other in others { if let outcome = await other.value { outcomes.insert(outcome) } }
        #expect(outcomes == [.queueFull(limit: 1), .closed])
        #expect(await first.value == .closed)
    }
}

/// Why `body` failed; nil when it did not.
private func cause<Value>(
    _ body: () async throws(TransportFailure) -> Value
) async -> TransportFailure.Cause? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error.cause
    }
}
