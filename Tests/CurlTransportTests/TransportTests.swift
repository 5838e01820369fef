import CCurl
import TestTools
import Testing

@testable import CurlTransport

@Suite struct TransportTests {
    @Test("one connection serves request after request")
    func keepAlive() async throws {
        let server = ScriptedServer { .answer(body: $0.text) }.start()
        defer { server.stop() }
        let transport = try makeTransport()
        for number in 0..<20 {
            let response = try await transport.send(makeRequest(server.url, body: "{\"n\":\(number)}"))
            #expect(String(decoding: response.body, as: UTF8.self) == "{\"n\":\(number)}")
        }
        #expect(server.connectionCount == 1)
        transport.close()
    }

    @Test("a connection that the server has closed is replaced without a failure")
    func replacesConnection() async throws {
        let server = ScriptedServer { _ in
            .rawThenClose("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        }.start()
        defer { server.stop() }
        let transport = try makeTransport()
        for _ in 0..<5 { #expect(try await transport.send(makeRequest(server.url)).head.status == 200) }
        #expect(server.connectionCount == 5)
        transport.close()
    }

    @Test("many requests at once stay within the connection limit, and each gets its own response")
    func concurrency() async throws {
        let server = ScriptedServer { .answer(body: $0.text) }.start()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.concurrentRequests = 8
        }
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let response = try await transport.send(makeRequest(server.url, body: "{\"n\":\(number)}"))
                    return String(decoding: response.body, as: UTF8.self) == "{\"n\":\(number)}"
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 300)
        #expect(server.connectionCount <= 8)
        transport.close()
    }

    @Test("a burst that finds room is not counted as waiting")
    func burst() async throws {
        let server = ScriptedServer { .answer(body: $0.text) }.start()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.concurrentRequests = 32
            $0.requestsKeptFree = 0
            $0.waitingRequests = 1
        }
        let answered = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 { group.addTask { (try? await transport.send(makeRequest(server.url))) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(answered == 32)
        transport.close()
    }

    @Test("status, version and the fields that were asked for come with the response")
    func headers() async throws {
        let server = Script(
            .answer(
                status: 400,
                headers: ["X-Amz-Crc32: 4294967295", "x-amzn-RequestId: R1", "X-Other: 1", "X-Amzn-ErrorType: Oops"],
                body: "x"
            )
        ).server()
        defer { server.stop() }
        let transport = try makeTransport()
        let response = try await transport.send(makeRequest(server.url))
        #expect(
            response.head
                == ResponseHead(
                    status: 400,
                    version: "1.1",
                    fields: [
                        HTTPField(name: "x-amz-crc32", value: "4294967295"),
                        HTTPField(name: "x-amzn-requestid", value: "R1"),
                        HTTPField(name: "x-amzn-errortype", value: "Oops"),
                    ]
                )
        )
        transport.close()
    }

    @Test("a response of several megabytes arrives whole")
    func large() async throws {
        let body = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let server = ScriptedServer { _ in .bytes(body: body) }.start()
        defer { server.stop() }
        let transport = try makeTransport()
        #expect(try await transport.send(makeRequest(server.url)).body == body)
        transport.close()
    }

    @Test("a response over the cap is refused, announced or not", arguments: [true, false])
    func cap(isAnnounced: Bool) async throws {
        let body = String(repeating: "x", count: 5_000)
        let server = ScriptedServer { _ in
            isAnnounced
                ? .answer(body: body)
                : .rawThenClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n\(body)\r\n0\r\n\r\n")
        }.start()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.responseBytes = 4_999
        }
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(makeRequest(server.url))
        }
        #expect(failure?.cause == .responseTooLarge(limit: 4_999))
        transport.close()
    }

    @Test("a body of exactly the cap is accepted")
    func capExactly() async throws {
        let server = Script(.answer(body: String(repeating: "x", count: 5_000))).server()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.responseBytes = 5_000
        }
        #expect(try await transport.send(makeRequest(server.url)).body.count == 5_000)
        transport.close()
    }

    @Test("a request over its cap is not sent")
    func requestCap() async throws {
        let transport = try makeTransport {
            $0.requestBytes = 10
        }
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(makeRequest("http://127.0.0.1:1", body: "0123456789A"))
        }
        #expect(failure?.cause == .requestTooLarge(limit: 10))
        transport.close()
    }

    @Test("a body that ends early is told from a whole one")
    func truncated() async throws {
        let server = Script(.rawThenClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Items\":[")).server()
        defer { server.stop() }
        let transport = try makeTransport()
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(makeRequest(server.url))
        }
        #expect(failure?.cause == .truncated)
        transport.close()
    }

    @Test("a silent endpoint is given up after the total time")
    func totalTimeout() async throws {
        let server = Script(.silence).server()
        defer { server.stop() }
        let transport = try makeTransport()
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(makeRequest(server.url), timeout: .milliseconds(100))
        }
        #expect(failure?.cause == .timedOut)
        transport.close()
    }

    @Test("a response that trickles is given up after the low-speed time, long before the total time")
    func lowSpeed() async throws {
        let server = Script(.headThenSilence(announced: 1_000)).server()
        defer { server.stop() }
        let transport = try makeTransport {
            $0.lowSpeedTime = .seconds(1)
        }
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(makeRequest(server.url), timeout: .seconds(60))
        }
        #expect(failure?.cause == .timedOut)
        #expect(failure?.detail.contains("too slow") == true)
        transport.close()
    }

    @Test("a refused connection carries the system's error number")
    func refused() async throws {
        let transport = try makeTransport()
        let failure = await withRefusingPort { port in
            await #expect(throws: TransportFailure.self) {
                try await transport.send(makeRequest("http://127.0.0.1:\(port)"))
            }
        }
        #expect(failure?.cause == .cannotConnect(systemError: 111))
        transport.close()
    }

    @Test("an endpoint that does not speak TLS, and a certificate bundle that is not there, are told apart")
    func tls() async throws {
        let server = Script(.answer(body: "{}")).server()
        defer { server.stop() }
        let url = "https://127.0.0.1:\(server.port)"
        for (bundle, cause) in [(nil, .tlsFailed), ("/nonexistent.pem", .invalidCertificates)]
            as [(String?, TransportFailure.Cause)]
        {
            let transport = try makeTransport { $0.connection.certificates = bundle }
            let failure = await #expect(throws: TransportFailure.self) {
                try await transport.send(makeRequest(url))
            }
            #expect(failure?.cause == cause)
            transport.close()
        }
        #expect(server.requests.allSatisfy { $0.requestLine == "TLS handshake" })
    }

    @Test("redirects are responses, not followed")
    func redirect() async throws {
        let server = Script(.answer(status: 302, headers: ["Location: /elsewhere"], body: "")).server()
        defer { server.stop() }
        let transport = try makeTransport()
        #expect(try await transport.send(makeRequest(server.url)).head.status == 302)
        #expect(server.requests.count == 1)
        transport.close()
    }

    @Test("libcurl was built with what the transport asks of it")
    func features() {
        // Without asynchronous name resolution, one slow lookup would stop every transfer of the thread.
        let features = curl_version_info(CURLVERSION_TENTH).pointee.features
        #expect(features & Int32(CURL_VERSION_ASYNCHDNS) != 0)
        #expect(features & Int32(CURL_VERSION_SSL) != 0)
    }
}
