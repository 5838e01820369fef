import Testing

@testable import HTTPServer

@Suite struct RequestParserTests {
    /// What a byte stream comes to: the requests in it, and why it ended, if it did.
    struct Reading: Equatable {
        var requests: [String] = []
        var rejection: Int?
        var unread = 0
    }

    /// Feeds `bytes` in the given pieces, as a connection does.
    static func read(_ pieces: [ArraySlice<UInt8>], limits: HTTPServerLimits = HTTPServerLimits()) -> Reading {
        var parser = RequestParser()
        var reading = Reading()
        var buffer: [UInt8] = []
        for piece in pieces {
            buffer += piece
            while !buffer.isEmpty {
                var consumed = 0
                let outcome = buffer.withUnsafeBufferPointer { parser.parse($0, consumed: &consumed, limits: limits) }
                buffer.removeFirst(consumed)
                if case .complete(let head, let body) = outcome {
                    let request = HTTPRequest(head: head, body: body, peerAddress: "")
                    let fields = String(decoding: head.bytes[head.fieldsStart...], as: UTF8.self)
                    reading.requests.append(
                        "\(request.method.name) \(request.rawPath) \(request.rawQuery ?? "-") 1.\(request.minorVersion) "
                            + "\(head.keepsAlive) \(fields)\(String(decoding: body, as: UTF8.self))"
                    )
                    continue
                }
                if case .rejected(let rejection) = outcome {
                    reading.rejection = rejection.status
                    return reading
                }
                break
            }
        }
        reading.unread = buffer.count
        return reading
    }

    static func read(_ text: String, limits: HTTPServerLimits = HTTPServerLimits()) -> Reading {
        read([Array(text.utf8)[...]], limits: limits)
    }

    static let small: HTTPServerLimits = {
        var limits = HTTPServerLimits()
        limits.requestLineBytes = 40
        limits.headBytes = 120
        limits.fieldCount = 4
        limits.bodyBytes = 20
        limits.chunkLineBytes = 16
        limits.chunkExtensionBytes = 24
        return limits
    }()

    static let streams: [String] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b?c HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nPOST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /q HTTP/1.0\r\n\r\n",
        "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n",
        "GET /0123456789012345678901234567890 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /01234567890123456789012 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nLong: 012345678901234567890123456789012345678901234567890123456789\r\nB: 0123456\r\nC: 012345678\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n012345678901234567890\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;0123456789012345\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;012345678\r\na\r\n1;012345678\r\nb\r\n1;01234\r\nc\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
        "\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n",
    ]

    @Test("M52: reads the same however the bytes are cut, with small limits, too", arguments: streams)
    func splits(_ stream: String) {
        let bytes = Array(stream.utf8)
        for limits in [HTTPServerLimits(), Self.small] {
            let whole = Self.read([bytes[...]], limits: limits)
            if limits == Self.small { #expect(!whole.requests.isEmpty || whole.rejection != nil) }
            for cut in 1..<bytes.count {
                #expect(Self.read([bytes[..<cut], bytes[cut...]], limits: limits) == whole, "cut at \(cut)")
            }
            #expect(Self.read(bytes.indices.map { bytes[$0...$0] }, limits: limits) == whole, "byte by byte")
        }
    }

    @Test("keeps the parts of a request, and requests apart")
    func pipelined() {
        let reading = Self.read(
            "\r\nGET /a%20b?x=1&y HTTP/1.1\r\nhOsT:  a:80 \r\nX:\r\n\r\nPOST / HTTP/1.7\r\nHost: [::1]\r\nContent-Length: 3\r\nConnection: x , Close\r\n\r\nabcGET"
        )
        #expect(
            reading
                == Reading(
                    requests: [
                        "GET /a%20b x=1&y 1.1 true hOsT:  a:80 \r\nX:\r\n\r\n",
                        "POST / - 1.1 false Host: [::1]\r\nContent-Length: 3\r\nConnection: x , Close\r\n\r\nabc",
                    ],
                    unread: 3
                )
        )
    }

    @Test("M8, M17, M29: accepts each limit and refuses one byte more")
    func limits() {
        func get(_ target: String, _ fields: String) -> Int? {
            Self.read("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", limits: Self.small).rejection
        }
        let target = "/" + String(repeating: "a", count: 26)
        #expect(get(target, "") == nil)
        #expect(get(target + "a", "") == 414)
        let room = Self.small.headBytes - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".utf8.count
        #expect(get("/", "X: \(String(repeating: "x", count: room))\r\n") == nil)
        #expect(get("/", "X: \(String(repeating: "x", count: room + 1))\r\n") == 431)
        #expect(get("/", "A: 1\r\nB: 1\r\nC: 1\r\n") == nil)
        #expect(get("/", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n") == 431)
        func post(_ length: Int) -> Int? { get("/", "Content-Length: \(length)\r\n") }
        #expect(post(20) == nil)
        #expect(post(21) == 413)
        #expect(
            Self.read("GET /\(String(repeating: "a", count: 8_000)) HTTP/1.1\r\nHost: a\r\n\r\n").requests.count == 1
        )
    }

    @Test("M19: rejects before the head is complete when nothing can mend it, and acts only on a complete one")
    func early() {
        #expect(Self.read("GET / HTTP/1.1\r\nBad\r\n").rejection == 400)
        #expect(Self.read("\u{16}").rejection == 400)
        #expect(Self.read(String(repeating: "A", count: 20_000)).rejection == 414)
        #expect(Self.read("GET / HTTP/1.1\r\nHost: a\r\n") == Reading(unread: 25))
    }

    @Test("M27: says when the client waits for 100 Continue, unless the body has begun")
    func expectation() {
        func awaits(_ text: String) -> Bool {
            var parser = RequestParser()
            var consumed = 0
            _ = Array(text.utf8).withUnsafeBufferPointer { parser.parse($0, consumed: &consumed, limits: Self.small) }
            return parser.awaitsContinue
        }
        #expect(awaits("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"))
        #expect(awaits("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"))
        #expect(!awaits("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nx"))
        #expect(!awaits("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"))
        #expect(!awaits("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"))
    }
}
