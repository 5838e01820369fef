import Glibc
import Testing

@testable import HTTPServer

/// Bytes in, bytes out, over a real socket. The numbers are those of the list of HTTP cases.
@Suite struct HTTPServerTests {
    @Test("M30, M33: answers a request with status, Date, Content-Length and body")
    func simple() async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            try await client.send("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await client.receiveResponse()
            #expect(response.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(response.fields.map(\.name) == ["date", "content-type", "content-length"])
            #expect(response.field("content-length") == "11")
            #expect(response.body == "GET /a?b []")
            let date = try #require(response.field("date"))
            #expect(
                date.wholeMatch(of: /(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT/)
                    != nil
            )
        }
    }

    @Test("M47, M52: answers pipelined requests in order, from one packet or many")
    func pipelining() async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            let requests = (0..<300).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" }
            try await client.send(requests.joined())
            for index in 0..<300 { #expect(try await client.receiveResponse().body == "POST /\(index) [hi]") }
            for byte in Array("GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n".utf8) {
                try await client.send([byte])
            }
            #expect(try await client.receiveResponse().body == "GET /x []")
            #expect(try await client.receiveResponse().body == "GET /y []")
        }
    }

    @Test("M52: reads a head split at every offset")
    func headSplit() async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            let bytes = Array(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n".utf8
            )
            for cut in 1..<bytes.count {
                try await client.send(Array(bytes[..<cut]))
                try await client.send(Array(bytes[cut...]))
                #expect(try await client.receiveResponse().body == "POST /x [a]")
            }
        }
    }

    @Test("takes large bodies in and out")
    func large() async throws {
        let big = String(repeating: "0123456789", count: 100_000)
        try await withServer { _, port in
            let client = try RawClient(port: port)
            for _ in 0..<3 {
                try await client.send(
                    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n\(big)GET /n HTTP/1.1\r\nHost: a\r\n\r\n"
                )
                #expect(try await client.receiveResponse().body == "PUT / [\(big)]")
                #expect(try await client.receiveResponse().body == "GET /n []")
            }
        }
    }

    @Test(
        "M46: keeps HTTP/1.1 open and closes HTTP/1.0, unless Connection says otherwise",
        arguments: [
            ("HTTP/1.1", "", nil, false), ("HTTP/1.1", "Connection: close\r\n", "close", true),
            ("HTTP/1.1", "Connection: x, CLOSE ,y\r\n", "close", true),
            ("HTTP/1.1", "Connection: keep-alive\r\n", nil, false),
            ("HTTP/1.0", "", "close", true), ("HTTP/1.0", "Connection: Keep-Alive\r\n", "keep-alive", false),
            ("HTTP/1.0", "Connection: keep-alive, close\r\n", "close", true), ("HTTP/1.9", "", nil, false),
            ("HTTP/1.1", "Connection: upgrade, h2c\r\nUpgrade: h2c\r\n", nil, false),
        ] as [(String, String, String?, Bool)]
    )
    func persistence(_ version: String, _ fields: String, _ connection: String?, _ closes: Bool) async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            let request = "GET / \(version)\r\nHost: a\r\n\(fields)\r\n"
            try await client.send(request)
            let response = try await client.receiveResponse()
            #expect(response.status == 200)
            #expect(response.field("connection") == connection)
            if closes {
                try await client.expectEnd()
            } else {
                try await client.send(request)
                #expect(try await client.receiveResponse().status == 200)
            }
        }
    }

    @Test("M31, M32: answers HEAD with the fields of GET and no body")
    func head() async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            try await client.send("GET /aa HTTP/1.1\r\nHost: a\r\n\r\n")
            let get = try await client.receiveResponse()
            try await client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await client.receiveResponse(toHead: true)
            #expect(head.fields.map(\.name) == get.fields.map(\.name))
            #expect(head.field("content-length") == get.field("content-length"))
            #expect(try await client.receiveResponse().body == "GET /b []")
        }
    }

    @Test("M31: sends no body and no framing with 204 and 304, and a zero length where a body could be")
    func bodyless() async throws {
        let handler = ClosureHandler { request in
            let status = Int(request.rawPath.dropFirst()) ?? 0
            return status == 201 ? HTTPResponse(status: 201) : .text("never", status: status)
        }
        try await withServer(handler) { _, port in
            let client = try RawClient(port: port)
            for status in [204, 304] {
                try await client.send("GET /\(status) HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try await client.receiveResponse()
                #expect(response.status == status)
                #expect(response.fields.map(\.name) == ["date", "content-type"])
            }
            try await client.send("GET /201 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse().field("content-length") == "0")
        }
    }

    @Test("M34: keeps the space after a status that has no phrase")
    func phraseless() async throws {
        try await withServer(ClosureHandler { _ in .text("?", status: 299) }) { _, port in
            let answer = try await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", port: port)
            #expect(answer.hasPrefix("HTTP/1.1 299 \r\nDate: "))
        }
    }

    @Test(
        "M48: answers what is no request, then closes, with what was sent behind it unread",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
            ("GET / HTTP/1.1\nHost: a\n\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417), ("\u{16}\u{3}\u{1}", 400),
            ("GET /\(String(repeating: "a", count: 17_000)) HTTP/1.1\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 70_000))", 431),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ]
    )
    func rejected(_ bytes: String, _ status: Int) async throws {
        let observer = RecordingObserver()
        try await withServer(observer: observer) { _, port in
            let client = try RawClient(port: port)
            try await client.send(bytes)
            // More than a socket buffer's worth, sent before the answer is read: a plain close would answer with a
            // reset.
            try await client.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.send(String(repeating: "x", count: 200_000))
            let response = try await client.receiveResponse()
            #expect(response.status == status)
            #expect(response.field("connection") == "close")
            #expect(!response.body.isEmpty)
            try await client.expectEnd()
        }
        #expect(observer.current.statuses == [status])
    }

    @Test("answers the good requests before a bad one")
    func goodThenBad() async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            try await client.send(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            #expect(try await client.receiveResponse().body == "GET /1 []")
            #expect(try await client.receiveResponse().body == "GET /2 []")
            #expect(try await client.receiveResponse().status == 400)
            try await client.expectEnd()
        }
    }

    @Test("M27, M28: answers 100 Continue to 1.1 before the body, never to 1.0")
    func continues() async throws {
        try await withServer { _, port in
            let client = try RawClient(port: port)
            try await client.send("PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            #expect(try await client.receive(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("hi")
            #expect(try await client.receiveResponse().body == "PUT /a [hi]")
            try await client.send("PUT /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
            #expect(try await client.receiveResponse().body == "PUT /b [hi]")
            try await client.send(
                "PUT /c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n"
            )
            #expect(try await client.receiveResponse().status == 413)
            let old = try await exchange(
                "PUT /d HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
                port: port
            )
            #expect(old.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("serves a client that half-closes after its request")
    func halfClose() async throws {
        try await withServer { _, port in
            let whole = try await exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", port: port)
            #expect(whole.hasSuffix("\r\n\r\nGET /x []"))
            for part in ["", "GET /x HT"] {
                let answer = try await exchange(part, port: port)
                #expect(answer == "")
            }
        }
    }

    @Test("gives the handler the client's address, and tells the observer what it did")
    func observed() async throws {
        let observer = RecordingObserver()
        var router = Router(problem: { status, text, _, _ in .text(text, status: status) })
        router.on(.get, "/who/{name}") { request, _ in .text(request.peerAddress) }
        try await withServer(router, observer: observer) { server, port in
            let client = try RawClient(port: port)
            try await client.send("GET /who/me HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await client.receiveResponse()
            #expect(response.body == "127.0.0.1")
            #expect(server.openConnections == 1)
            #expect(observer.current.bytes == [response.head.utf8.count + response.body.utf8.count])
            try await client.send("GET /else HTTP/1.1\r\nHost: a\r\n\r\nGET /broken")
            #expect(try await client.receiveResponse().status == 404)
            client.close()
            await eventually("the connection closes") { observer.current.closed == 1 }
        }
        #expect(observer.current.statuses == [200, 404, 0])
        #expect(observer.current.routes == ["/who/{name}", nil, nil])
        #expect(observer.current.methods == [.get, .get, nil])
        #expect(observer.current.opened == 1)
    }

    @Test("one client's bytes never show up at another's, over several loops")
    func manyClients() async throws {
        try await withServer(loops: 3) { server, port in
            let clients = try (0..<60).map { _ in try RawClient(port: port) }
            for round in 0..<20 {
                for (index, client) in clients.enumerated() {
                    try await client.send("GET /\(index)/\(round) HTTP/1.1\r\nHost: a\r\n\r\n")
                }
                for (index, client) in clients.enumerated() {
                    #expect(try await client.receiveResponse().body == "GET /\(index)/\(round) []")
                }
            }
            #expect(server.openConnections == 60)
        }
    }
}
