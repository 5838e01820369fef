import CurlTransport
import TestTools
import Testing

@testable import DynamoDBClient

/// The transport as the client of DynamoDB sets and uses it.
@Suite struct DynamoDBTransportTests {
    @Test("status and the fields that matter come with the response")
    func fields() async throws {
        let server = Script(
            .answer(
                status: 400,
                headers: [
                    "X-Amz-Crc32: 4294967295", "x-amzn-RequestId: R1", "X-Amzn-ErrorType: Oops",
                    "Date: Thu, 01 Jan 1970 00:00:07 GMT",
                ],
                body: "x"
            )
        ).server()
        defer { server.stop() }
        let transport = try Transport(DynamoDBClientLimits().transportSettings(certificates: nil))
        let request = DynamoDBOperation.scan.request(to: try Endpoint(server.url), body: Array("{}".utf8))
        let response = try await transport.send(request, lane: DynamoDBOperation.scan.lane, timeout: .seconds(20))
        #expect(response.status == 400)
        #expect(response.checksum == 4_294_967_295)
        #expect(response.requestID == "R1")
        #expect(response.errorType == "Oops")
        #expect(response.date == 7)
        transport.close()
    }

    @Test("requests that hang at one service hold up none at the other", arguments: [false, true])
    func lanes(_ streamsHang: Bool) async throws {
        let server = ScriptedServer { request in
            let isOfStreams = request.header("x-amz-target")?.hasPrefix("DynamoDBStreams") ?? false
            return isOfStreams == streamsHang ? .silence : .answer(body: "{}")
        }.start()
        defer { server.stop() }
        var limits = DynamoDBClientLimits()
        limits.concurrentRequests = 4
        limits.requestsKeptFree = 1
        let transport = try Transport(limits.transportSettings(certificates: nil))
        let endpoint = try Endpoint(server.url)
        func send(_ operation: DynamoDBOperation) async throws(TransportFailure) -> Int {
            let request = operation.request(to: endpoint, body: Array("{}".utf8))
            return try await transport.send(request, lane: operation.lane, timeout: .seconds(20)).status
        }
        let hanging = (0..<20).map { _ in Task { try? await send(streamsHang ? .getRecords : .scan) } }
        #expect(await comesTrue { server.requests.count == 3 }, "the requests hang")
        for _ in 0..<5 { #expect(try await send(streamsHang ? .scan : .getRecords) == 200) }
        transport.close()
        for task in hanging { #expect(await task.value == nil) }
    }
}
