import Basics
import Synchronization
import TableModel
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct DynamoDBClientTests {
    @Test("requests are what the API reference says")
    func requests() async throws {
        let server = ScriptedServer { request in
            switch request.header("x-amz-target") {
            case "DynamoDB_20120810.Scan": .answer(body: onePage)
            case "DynamoDB_20120810.BatchGetItem": .answer(body: #"{"Responses":{}}"#)
            case "DynamoDBStreams_20120810.GetShardIterator": .answer(body: "{}")
            case "DynamoDBStreams_20120810.GetRecords": .answer(body: #"{"Records":[]}"#)
            case "DynamoDBStreams_20120810.DescribeStream":
                .answer(body: #"{"StreamDescription":{"StreamArn":"a","StreamStatus":"ENABLED"}}"#)
            default: .answer(status: 400, body: "{}")
            }
        }.start()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        _ = try await client.scan(scanRequest)
        _ = try await client.batchGetItem(table: "t", keys: [["id": .string("a")], ["id": .string("b")]])
        let number = try #require(SequenceNumber("123"))
        for start in [IteratorStart.trimHorizon, .latest, .at(number), .after(number)] {
            _ = try await client.getShardIterator("arn", shardID: "s", start: start)
        }
        _ = try await client.getRecords(iterator: "i", shardID: "s", limit: 1_000)
        _ = try await client.describeStream("arn", exclusiveStartShardID: nil, childrenOf: nil)
        _ = try await client.describeStream("arn", exclusiveStartShardID: "s1", childrenOf: "s0")
        #expect(
            server.requests.map(\.text) == [
                #"{"TableName":"t","ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL","Segment":1,"#
                    + #""TotalSegments":4,"ExclusiveStartKey":{"id":{"S":"k\"é"}},"Limit":7}"#,
                #"{"RequestItems":{"t":{"Keys":[{"id":{"S":"a"}},{"id":{"S":"b"}}],"ConsistentRead":true}}}"#,
                #"{"StreamArn":"arn","ShardId":"s","ShardIteratorType":"TRIM_HORIZON"}"#,
                #"{"StreamArn":"arn","ShardId":"s","ShardIteratorType":"LATEST"}"#,
                #"{"StreamArn":"arn","ShardId":"s","ShardIteratorType":"AT_SEQUENCE_NUMBER","SequenceNumber":"123"}"#,
                #"{"StreamArn":"arn","ShardId":"s","ShardIteratorType":"AFTER_SEQUENCE_NUMBER","SequenceNumber":"123"}"#,
                #"{"ShardIterator":"i","Limit":1000}"#,
                #"{"StreamArn":"arn","Limit":100}"#,
                #"{"StreamArn":"arn","Limit":100,"ExclusiveStartShardId":"s1","#
                    + #""ShardFilter":{"Type":"CHILD_SHARDS","ShardId":"s0"}}"#,
            ]
        )
    }

    @Test("tells the service's time by the Date of its answers, and not by that of an answer that is not understood")
    func serviceTime() async throws {
        let script = Script(
            .answer(headers: ["Date: Wed, 01 Jan 2020 00:00:00 GMT"], body: "<html>"),
            .answer(headers: ["Date: Sun, 06 Nov 1994 08:49:37 GMT"], body: onePage)
        )
        let server = script.server()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        #expect(client.serviceTime == nil)
        _ = try await client.scan(scanRequest)
        let time = try #require(client.serviceTime)
        #expect(time.earliest < 784_111_777_000 && time.latest >= 784_111_777_999)
        #expect(time.latest - time.earliest < 60_000)
    }

    @Test("each service is asked at its own endpoint")
    func endpoints() async throws {
        let tables = Script(.answer(body: onePage)).server()
        let streams = Script(.answer(body: #"{"Records":[]}"#)).server()
        defer {
            tables.stop()
            streams.stop()
        }
        let client = try DynamoDBClient(
            configuration: AWSConfiguration(
                region: "eu-central-1",
                credentials: StaticCredentials(exampleKeys),
                dynamoDB: try Endpoint(tables.url),
                dynamoDBStreams: try Endpoint(streams.url)
            )
        )
        defer { client.close() }
        _ = try await client.scan(scanRequest)
        _ = try await client.getRecords(iterator: "i", shardID: "s", limit: 1)
        #expect(tables.requests.count == 1)
        #expect(streams.requests.count == 1)
    }

    @Test("throttling is waited out, longer each time, and the observer hears of it")
    func throttling() async throws {
        let throttled = ScriptedServer.Reply.answer(
            status: 400,
            body: #"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#
        )
        let found = #"{"Responses":{"t":[{"id":{"S":"a"}}]},"UnprocessedKeys":{}}"#
        let server = Script(throttled, throttled, throttled, .answer(body: found)).server()
        defer { server.stop() }
        let time = FakeTime(random: 0.5)
        let observer = RecordingObserver()
        let client = try makeClient(server.url, time: time, observer: observer)
        defer { client.close() }
        #expect(try await client.batchGetItem(table: "t", keys: [["id": .string("a")]]).items.count == 1)
        #expect(time.waits == [100, 200, 400].map { Duration.milliseconds($0) })
        let call = try #require(observer.calls.first)
        #expect(observer.calls.count == 1)
        #expect(call.operation == "BatchGetItem")
        #expect(call.failure == nil)
        #expect(call.retriedFailures == [.throttled, .throttled, .throttled])
        #expect(call.attempts == 4)
        #expect(call.duration == .milliseconds(700))
        #expect(call.requestBytes == server.requests.reduce(0) { $0 + $1.body.count })
        #expect(call.responseBytes > found.utf8.count)
    }

    @Test("a throttled scan is not repeated here: its caller slows down all segments")
    func throttledScan() async throws {
        let throttled = ScriptedServer.Reply.answer(
            status: 400,
            body: #"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#
        )
        let server = Script(throttled).server()
        defer { server.stop() }
        let client = try makeClient(server.url, time: FakeTime(random: 0.5))
        defer { client.close() }
        let error = await #expect(throws: DynamoDBError.self) { _ = try await client.scan(scanRequest) }
        #expect(error?.kind == .throttled)
        #expect(server.requests.count == 1)
    }

    @Test(
        "an answer that is not one is asked for again, not taken for one",
        arguments: [
            .answer(headers: ["x-amz-crc32: 1"], body: onePage),
            .rawThenClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Items\":["),
            .answer(body: "<html>hello"),
            .answer(body: ""),
            .answer(body: String(onePage.dropLast())),
            .answer(status: 500, body: "<html>"),
            .answer(status: 503, body: ""),
            .answer(status: 400, body: #"{"__type":"InternalServerError"}"#),
        ] as [ScriptedServer.Reply]
    )
    func retried(reply: ScriptedServer.Reply) async throws {
        let server = Script(reply, .answer(body: onePage)).server()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        #expect(try await client.scan(scanRequest).items.entries.count == 1)
        #expect(server.requests.count == 2)
    }

    @Test("a checksum that fits is accepted, one that does not is said")
    func checksum() async throws {
        // zlib.crc32 of onePage, by Python.
        let server = Script(
            .answer(headers: ["x-amz-crc32: 3618809353"], body: onePage),
            .answer(headers: ["x-amz-crc32: 1"], body: onePage)
        ).server()
        defer { server.stop() }
        let client = try makeClient(server.url, retries: RetryPolicies(scan: .once))
        defer { client.close() }
        #expect(try await client.scan(scanRequest).items.entries.count == 1)
        let error = await #expect(throws: DynamoDBError.self) { try await client.scan(scanRequest) }
        #expect(error?.kind == .malformed)
        #expect(
            error?.description
                == "Scan table t segment 1 of 4 failed: ChecksumMismatch: the answer's CRC-32 is 3618809353, "
                + "x-amz-crc32 says 1. It is asked for again; if it persists, look at proxies that rewrite or compress "
                + "answers."
        )
    }

    @Test(
        "what only the caller can mend is thrown at once",
        arguments: [
            ("ExpiredIteratorException", .expiredIterator), ("TrimmedDataAccessException", .trimmed),
            ("ResourceNotFoundException", .notFound), ("AccessDeniedException", .accessDenied),
            ("ValidationException", .fatal),
        ] as [(String, DynamoDBError.Kind)]
    )
    func thrown(code: String, kind: DynamoDBError.Kind) async throws {
        let server = Script(.answer(status: 400, body: #"{"__type":"x#\#(code)","message":"m"}"#)).server()
        defer { server.stop() }
        let observer = RecordingObserver()
        let client = try makeClient(server.url, observer: observer)
        defer { client.close() }
        let error = await #expect(throws: DynamoDBError.self) {
            try await client.getRecords(iterator: "i", shardID: "s", limit: 1)
        }
        #expect(error?.kind == kind)
        #expect(server.requests.count == 1)
        #expect(observer.calls.map(\.failure) == [kind])
    }

    @Test("GetRecords is repeated only once: its caller has a backoff of its own")
    func streamsPolicy() async throws {
        let server = Script(.answer(status: 500, body: "")).server()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        let error = await #expect(throws: DynamoDBError.self) {
            try await client.getRecords(iterator: "i", shardID: "s", limit: 1)
        }
        #expect(error?.kind == .transient)
        #expect(server.requests.count == 2)
    }

    @Test("expired credentials are renewed, and the call is signed with the new ones")
    func expiredCredentials() async throws {
        let server = ScriptedServer { request in
            request.header("authorization")?.contains("Credential=KEY1/") == true
                ? .answer(body: onePage) : .answer(status: 400, body: #"{"__type":"x#ExpiredTokenException"}"#)
        }.start()
        defer { server.stop() }
        let provider = RotatingCredentials()
        let client = try makeClient(server.url, credentials: provider)
        defer { client.close() }
        #expect(try await client.scan(scanRequest).items.entries.count == 1)
        #expect(server.requests.count == 2)
        _ = await provider.replacement(of: exampleKeys)
        let error = await #expect(throws: DynamoDBError.self) { try await client.scan(scanRequest) }
        #expect(error?.kind == .expiredCredentials)
        #expect(server.requests.count == 4)
    }

    @Test("cancelling ends the wait between two attempts")
    func cancelledWait() async throws {
        let server = Script(.answer(status: 500, body: "")).server()
        defer { server.stop() }
        var source = FakeTime().source
        source.sleep = { _ in try await Task.sleep(for: .seconds(3_600)) }
        let endpoint = try Endpoint(server.url)
        let client = try DynamoDBClient(
            configuration: AWSConfiguration(
                region: "eu-central-1",
                credentials: StaticCredentials(exampleKeys),
                dynamoDB: endpoint
            ),
            time: source
        )
        defer { client.close() }
        let request = scanRequest
        let task = Task { await #expect(throws: DynamoDBError.self) { try await client.scan(request) } }
        #expect(await comesTrue { server.requests.count == 1 }, "the first attempt arrives")
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(server.requests.count == 1)
    }

    @Test("nothing that listens: an error within the policy's time that says what to check")
    func refused() async throws {
        try await withRefusingPort { port in
            let client = try makeClient("http://127.0.0.1:\(port)")
            defer { client.close() }
            let error = await #expect(throws: DynamoDBError.self) { try await client.describeTable("orders") }
            #expect(
                error?.description == "DescribeTable table orders failed: ConnectionRefused: http://127.0.0.1:\(port) "
                    + "refuses connections. Check that the endpoint is running and that its port is right: "
                    + "`curl -sv http://127.0.0.1:\(port)`."
            )
        }
    }

    @Test("a record that is not understood stops the page with its name")
    func badRecord() async throws {
        let server = Script(
            .answer(body: #"{"Records":[{"eventID":"e9","dynamodb":{"SequenceNumber":"77"}}],"NextShardIterator":"n"}"#)
        ).server()
        defer { server.stop() }
        let client = try makeClient(server.url)
        defer { client.close() }
        let error = await #expect(throws: DynamoDBError.self) {
            try await client.getRecords(iterator: "i", shardID: "shardId-1", limit: 1)
        }
        #expect(error?.kind == .malformed)
        #expect(
            error?.description == "GetRecords shard shardId-1 failed: InvalidAnswer: \(server.url) sent an answer that "
                + "cannot be read: record 0 (eventID e9, sequence number 77): there is no eventName. "
                + "It is asked for again; if it persists, check that \(server.url) is DynamoDB."
        )
    }

    @Test("a closed client says so")
    func closed() async throws {
        let client = try makeClient("http://127.0.0.1:1")
        client.close()
        let error = await #expect(throws: DynamoDBError.self) { try await client.describeTable("t") }
        #expect(error?.kind == .cancelled)
        #expect(error?.description == "DescribeTable table t failed: Closed: the client was closed.")
    }
}

extension RetryPolicy {
    fileprivate static let once = RetryPolicy(maximumAttempts: 1, maximumElapsed: .zero)
}

/// KEY0, then KEY1 and so on after each rejection.
private final class RotatingCredentials: CredentialsProvider {
    private let generation = Mutex(0)

    func credentials() async throws(DynamoDBError) -> Credentials {
        Credentials(accessKeyID: "KEY\(generation.withLock { $0 })", secretAccessKey: "secret")
    }

    func replacement(of rejected: Credentials) async -> Credentials? {
        generation.withLock { $0 += 1 }
        return try? await credentials()
    }
}
