import HTTPSemantics
import Testing

@testable import HTTPServer

@Suite struct RequestIdentityTests {
    private func answers(_ fields: [String], notes: ResponseNotes = .requestID) async throws -> [RawResponse] {
        let server = HTTPServer(handler: echo, observer: RecordingObserver(), notes: notes, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        var answers: [RawResponse] = []
        for field in fields {
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
            answers.append(try await client.receiveResponse())
        }
        await server.stop(within: .zero)
        return answers
    }

    @Test("echoes a well-formed X-Request-Id")
    func given() async throws {
        let longest = String(repeating: "x", count: 128)
        let ids = ["7f3a", "Root=1-67891233-abcdef012345678912345678", "a.b_c~d:e/f+g=@", longest]
        let answers = try await answers(ids.map { "x-request-ID:  \($0) \r\n" })
        #expect(answers.map { $0.field("x-request-id") } == ids)
    }

    @Test("makes one of 32 hexadecimal digits when there is none, and in place of a malformed or repeated one")
    func made() async throws {
        let fields = [
            "", "X-Request-Id: \r\n", "X-Request-Id: a b\r\n", "X-Request-Id: a\"b\r\n", "X-Request-Id: \u{e9}\r\n",
            "X-Request-Id: \(String(repeating: "x", count: 129))\r\n", "X-Request-Id: a\r\nX-Request-Id: b\r\n",
        ]
        let ids = try await answers(fields).compactMap { $0.field("x-request-id") }
        #expect(ids.count == fields.count)
        for id in ids { #expect(id.wholeMatch(of: /[0-9a-f]{32}/) != nil, "\(id)") }
        #expect(Set(ids).count == ids.count)
    }

    @Test("names also the answer to bytes that are no request, and tells the observer the same name")
    func rejected() async throws {
        let observer = RecordingObserver()
        let server = HTTPServer(handler: echo, observer: observer, notes: .requestID, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try await client.send("NONSENSE\r\n\r\n")
        let id = try await client.receiveResponse().field("x-request-id")
        await server.stop(within: .zero)
        #expect(id?.utf8.count == 32)
        #expect(
            observer.current.rejected == [
                RejectedPeer(
                    ConnectionOrigin(.ip(IPAddress(ipv4: 0x7F00_0001)), TrustedProxies()),
                    id: id,
                    reason: "the request line does not begin with a method and one space"
                )
            ]
        )
    }

    @Test(
        "names the answer to every kind of refusal",
        arguments: [
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: \(String(repeating: "a", count: 70_000))\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ]
    )
    func refusals(_ bytes: String, _ status: Int) async throws {
        let observer = RecordingObserver()
        let server = HTTPServer(handler: echo, observer: observer, notes: .requestID, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try await client.send(bytes)
        let answer = try await client.receiveResponse()
        await server.stop(within: .zero)
        #expect(answer.status == status)
        #expect(answer.field("x-request-id")?.utf8.count == 32)
        #expect(observer.current.rejected.first?.id == answer.field("x-request-id"))
    }

    @Test("names nothing unless asked to")
    func off() async throws {
        let answer = try await answers(["X-Request-Id: a\r\n"], notes: [])[0]
        #expect(answer.field("x-request-id") == nil)
        #expect(answer.field("server-timing") == nil)
    }

    @Test("says how long an answer took, in milliseconds, when asked to")
    func timing() async throws {
        let answer = try await answers([""], notes: .serverTiming)[0]
        let timing = try #require(answer.field("server-timing"))
        #expect(timing.wholeMatch(of: /app;dur=\d+\.\d{3}/) != nil, "\(timing)")
        let output = OutputBuffer()
        for nanoseconds in [0, 1_999, 45_000, 1_234_567, 12_000_000_000] as [Int64] {
            ServerTiming.appendField(nanoseconds: nanoseconds, to: output)
        }
        #expect(
            String(decoding: output.bytes, as: UTF8.self)
                == ["0.000", "0.001", "0.045", "1.234", "12000.000"].map { "Server-Timing: app;dur=\($0)\r\n" }.joined()
        )
    }

    @Test("does not come twice in a loop's life")
    func distinct() {
        var source = RequestIdentitySource()
        var seen: Set<RequestIdentity> = []
        for _ in 0..<100_000 { seen.insert(source.next()) }
        #expect(seen.count == 100_000)
    }
}
