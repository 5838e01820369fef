import DynamoSandbox
import TableModel
import Testing

@Suite struct SandboxHandlerTests {
    private static let get = #"{"TableName":"plain","Key":{"id":{"S":"a"}}}"#
    private static let getTarget = SandboxOperation.getItem.target

    /// Runs `body` with a listening sandbox that holds one item, and stops it.
    private func serving(_ body: (Fixture, RawClient) throws -> Void) async throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        let client = RawClient(port: try fixture.sandbox.start())
        do {
            try body(fixture, client)
        } catch {
            await fixture.sandbox.stop()
            throw error
        }
        await fixture.sandbox.stop()
    }

    @Test("DynamoDB answers carry a request id and a CRC that fits; Streams answers carry no CRC")
    func headers() async throws {
        try await serving { fixture, client in
            let answer = client.post(target: Self.getTarget, Self.get)
            #expect(answer.status == 200)
            #expect(answer.text == #"{"Item":{"id":{"S":"a"},"n":{"N":"1"}}}"#)
            #expect(answer.header("content-type") == "application/x-amz-json-1.0")
            #expect(answer.header("x-amzn-requestid")?.count == 52)
            #expect(answer.header("x-amz-crc32") == String(crc(answer.body)))
            let streams = client.post(target: SandboxOperation.listStreams.target, "{}")
            #expect(streams.status == 200)
            #expect(streams.header("x-amz-crc32") == nil)
        }
    }

    @Test("errors name their type in the namespace of their service")
    func errors() async throws {
        try await serving { fixture, client in
            let item = client.post(target: Self.getTarget, #"{"TableName":"none","Key":{"id":{"S":"a"}}}"#)
            #expect(item.status == 400)
            #expect(
                item.text
                    == #"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","#
                    + #""message":"Requested resource not found"}"#
            )
            let stream = client.post(target: SandboxOperation.getRecords.target, #"{"ShardIterator":"x"}"#)
            #expect(stream.text.hasPrefix(#"{"__type":"com.amazonaws.dynamodb.streams.v20120810#ValidationException""#))
            let unknown = client.post(target: "DynamoDB_20120810.Nothing", "{}")
            #expect(unknown.text.contains("com.amazon.coral.service#UnknownOperationException"))
            #expect(client.post(target: Self.getTarget, "{").text.contains("SerializationException"))
            #expect(client.post(target: nil, "{}").status == 400)
        }
    }

    @Test("a cancelled transaction answers with its reasons")
    func cancellation() async throws {
        try await serving { fixture, client in
            let answer = client.post(
                target: SandboxOperation.transactWriteItems.target,
                #"{"TransactItems":[{"Put":{"TableName":"plain","Item":{"id":{"S":"a"}},"#
                    + #""ConditionExpression":"attribute_not_exists(id)"}}]}"#
            )
            #expect(answer.text.contains("com.amazonaws.dynamodb.v20120810#TransactionCanceledException"))
            #expect(
                answer.text.contains(
                    #""CancellationReasons":[{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]"#
                )
            )
        }
    }

    @Test("a queued fault meets as many calls as it was queued for, and no others")
    func errorFault() async throws {
        try await serving { fixture, client in
            let fault = SandboxFault.error(status: 400, code: "ThrottlingException", message: "Rate exceeded")
            fixture.sandbox.faults.enqueue(.getItem, fault, times: 2)
            #expect(client.post(target: SandboxOperation.listTables.target, "{}").status == 200)
            for _ in 0..<2 {
                #expect(client.post(target: Self.getTarget, Self.get).text.contains("ThrottlingException"))
            }
            #expect(client.post(target: Self.getTarget, Self.get).status == 200)
            #expect(fixture.sandbox.faults.waiting == 0)
        }
    }

    @Test("broken bodies: HTML, half of one, a wrong CRC, a dropped connection")
    func brokenBodies() async throws {
        try await serving { fixture, client in
            let faults = fixture.sandbox.faults
            let whole = client.post(target: Self.getTarget, Self.get)
            faults.enqueue(.getItem, .html(status: 503))
            let html = client.post(target: Self.getTarget, Self.get)
            #expect(html.status == 503)
            #expect(html.header("content-type") == "text/html")
            #expect(html.text.hasPrefix("<html>"))
            faults.enqueue(.getItem, .emptyObject)
            #expect(client.post(target: Self.getTarget, Self.get).text == "{}")
            faults.enqueue(.getItem, .truncated)
            let half = client.post(target: Self.getTarget, Self.get)
            #expect(half.isComplete)
            #expect(half.body == Array(whole.body.prefix(whole.body.count / 2)))
            faults.enqueue(.getItem, .badChecksum)
            let wrong = client.post(target: Self.getTarget, Self.get)
            #expect(wrong.body == whole.body)
            #expect(wrong.header("x-amz-crc32") != whole.header("x-amz-crc32"))
            faults.enqueue(.getItem, .dropConnection)
            #expect(!client.post(target: Self.getTarget, Self.get).isComplete)
        }
    }

    @Test("late and trickling answers come whole in the end")
    func slowBodies() async throws {
        try await serving { fixture, client in
            let whole = client.post(target: Self.getTarget, Self.get)
            fixture.sandbox.faults.enqueue(.getItem, .delay(.milliseconds(30)))
            let start = ContinuousClock.now
            let late = client.post(target: Self.getTarget, Self.get)
            #expect(ContinuousClock.now - start >= .milliseconds(30))
            #expect(late.body == whole.body)
            #expect(late.isComplete)
            fixture.sandbox.faults.enqueue(.getItem, .trickle(bytes: 10, interval: .milliseconds(2)))
            let trickled = client.post(target: Self.getTarget, Self.get)
            #expect(trickled.body == whole.body)
            #expect(trickled.isComplete)
        }
    }

    @Test("an empty page moves nothing, a repeated one brings old records again, each for its shard only")
    func pageFaults() async throws {
        try await serving { fixture, client in
            for index in 2..<6 { try fixture.put("a", index) }
            let shard = fixture.sandbox.shards(of: "plain")[0]
            let at = try fixture.iterator(shard.id, "AT_SEQUENCE_NUMBER", shard.sequenceNumbers[3])
            let read = { (iterator: String) in
                RecordsResponse(
                    json: client.post(target: SandboxOperation.getRecords.target, #"{"ShardIterator":"\#(iterator)"}"#)
                        .text
                )
            }
            fixture.sandbox.faults.enqueue(.getRecords, .emptyPage, shard: "another shard")
            fixture.sandbox.faults.enqueue(.getRecords, .emptyPage, shard: shard.id)
            fixture.sandbox.faults.enqueue(.getRecords, .repeatRecords(count: 2), shard: shard.id)
            let empty = read(at)
            #expect(empty.count == 0)
            let repeated = read(try #require(empty.next))
            #expect(repeated.sequenceNumbers == Array(shard.sequenceNumbers[1...]))
            #expect(read(try #require(repeated.next)).count == 0)
            #expect(fixture.sandbox.faults.waiting == 1)
        }
    }

    @Test("the hook runs before each call is done, so a write lands between two pages of a scan")
    func hook() async throws {
        try await serving { fixture, client in
            for index in 0..<9 { try fixture.put("item \(index)", index) }
            let sandbox = fixture.sandbox
            sandbox.onCall { call in
                guard call.operation == .scan, call.continuesPage else { return }
                try? sandbox.put(["id": .string("between"), "n": .number("1")], into: "plain")
            }
            let first = client.post(target: SandboxOperation.scan.target, #"{"TableName":"plain","Limit":5}"#).text
            #expect(try fixture.item("between") == nil)
            let start = (first.between(#""LastEvaluatedKey":"#, "}}") ?? "") + "}}"
            _ = client.post(
                target: SandboxOperation.scan.target,
                #"{"TableName":"plain","ExclusiveStartKey":\#(start)}"#
            )
            #expect(try fixture.item("between") != nil)
        }
    }

    @Test("the log keeps what each call was about, by the sandbox's clock")
    func callLog() async throws {
        try await serving { fixture, client in
            let shard = fixture.sandbox.shards(of: "plain")[0].id
            let iterator = try fixture.iterator(shard, "LATEST")
            _ = client.post(target: SandboxOperation.getRecords.target, #"{"ShardIterator":"\#(iterator)"}"#)
            fixture.clock.advance(by: .seconds(5))
            _ = client.post(
                target: SandboxOperation.scan.target,
                #"{"TableName":"plain","Segment":1,"TotalSegments":2,"ConsistentRead":true}"#
            )
            let calls = fixture.sandbox.calls
            #expect(calls.map(\.operation) == [.getRecords, .scan])
            #expect(calls[0].shard == shard)
            #expect(calls[0].table == "plain")
            #expect(calls[1].segment == 1)
            #expect(calls[1].consistent)
            #expect(calls[1].time - calls[0].time == 5_000)
            fixture.sandbox.forgetCalls()
            #expect(fixture.sandbox.calls(.scan).isEmpty)
        }
    }

    @Test("after a stop the port is free, and after another start everything is still there")
    func restart() async throws {
        let fixture = try Fixture.withTables()
        try fixture.put("a", 1)
        let port = try fixture.sandbox.start()
        await fixture.sandbox.stop()
        #expect(RawClient(port: port).post(target: Self.getTarget, Self.get).head.isEmpty)
        #expect(try fixture.sandbox.start(port: port) == port)
        #expect(RawClient(port: port).post(target: Self.getTarget, Self.get).status == 200)
        await fixture.sandbox.stop()
    }

    @Test("a port in use is refused in one line that names it and the option of this command")
    func portInUse() async throws {
        try await serving { fixture, client in
            let other = DynamoSandbox()
            #expect {
                try other.start(port: client.port)
            } throws: { error in
                "\(error)".contains("\(client.port)") && "\(error)".hasSuffix("choose another port with --port.")
            }
        }
    }

    /// CRC-32 bit by bit: slow, and not the code under test.
    private func crc(_ bytes: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
