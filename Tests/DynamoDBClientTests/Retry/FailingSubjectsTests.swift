import Synchronization
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct FailingSubjectsTests {
    @Test("a shard that goes on failing leaves the retries to the others, and has its own again once it has succeeded")
    func budgetOfAll() async throws {
        let faults = Mutex(["bad": 40, "good": 0])
        let server = ScriptedServer { request in
            let shard = request.text.contains("\"bad\"") ? "bad" : "good"
            let isFault = faults.withLock { faults in
                let left = faults[shard, default: 0]
                faults[shard] = max(0, left - 1)
                return left > 0
            }
            return isFault ? .answer(status: 500, body: "{}") : .answer(body: #"{"Records":[]}"#)
        }.start()
        defer { server.stop() }
        var limits = DynamoDBClientLimits()
        // Two retries.
        limits.retryTokens = 2 * RetryBudget.cost
        let client = try makeClient(server.url, limits: limits)
        defer { client.close() }
        for _ in 0..<38 {
            _ = await #expect(throws: DynamoDBError.self) {
                try await client.getRecords(iterator: "bad", shardID: "bad", limit: 1)
            }
        }
        // The first call made two attempts, each later one made one.
        #expect(server.requests.count == 39)
        faults.withLock { $0["good"] = 1 }
        _ = try await client.getRecords(iterator: "good", shardID: "good", limit: 1)
        faults.withLock { $0["bad"] = 0 }
        _ = try await client.getRecords(iterator: "bad", shardID: "bad", limit: 1)
        faults.withLock { $0["bad"] = 1 }
        _ = try await client.getRecords(iterator: "bad", shardID: "bad", limit: 1)
    }

    @Test("at the limit all are forgotten")
    func limit() {
        let failing = FailingSubjects(limit: 2)
        failing.insert("a")
        failing.insert("b")
        failing.insert("c")
        #expect(!failing.contains("a") && !failing.contains("b") && failing.contains("c"))
        failing.remove("c")
        #expect(!failing.contains("c"))
    }
}
