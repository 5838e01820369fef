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

    @Test("reads the same however the bytes are cut (M52)", arguments: streams)
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

    @Test(
        "refuses a bad request line",
        arguments: [
            ("GET  / HTTP/1.1", 400), ("GET\t/ HTTP/1.1", 400), ("GET /  HTTP/1.1", 400), (" GET / HTTP/1.1", 400),
            ("GET / HTTP/1.1 ", 400), ("GET /", 400), ("GET", 400), ("G(T / HTTP/1.1", 400), ("GET / http/1.1", 400),
            ("GET / HTTP/1.10", 400), ("GET / HTTP/11", 400), ("GET / HTTP/x.1", 400), ("GET / HTTP/0.9", 505),
            ("GET / HTTP/2.0", 505), ("PRI * HTTP/2.0", 505), ("GET /a b HTTP/1.1", 400), ("GET /\u{7F} HTTP/1.1", 400),
            ("GET /é HTTP/1.1", 400), ("GET /#f HTTP/1.1", 400), ("GET /%2 HTTP/1.1", 400), ("GET /%zz HTTP/1.1", 400),
            ("GET /%00 HTTP/1.1", 400), ("GET /?q=%00 HTTP/1.1", 400), ("GET /\u{1} HTTP/1.1", 400),
            ("GET * HTTP/1.1", 400),
            ("GET a HTTP/1.1", 400), ("GET ftp://a/ HTTP/1.1", 400), ("GET http:///x HTTP/1.1", 400),
            ("GET http://u@h/ HTTP/1.1", 400), ("CONNECT h:443 HTTP/1.1", 400), ("GET / HTTP/1.1\u{B}", 400),
        ]
    )
    func requestLines(_ line: String, _ status: Int) {
        #expect(Self.read("\(line)\r\nHost: a\r\n\r\n") == Reading(rejection: status))
    }

    @Test(
        "accepts every form of target (M9, M10)",
        arguments: [
            ("GET http://other:81/x?y HTTP/1.1", "GET /x y 1.1 true "),
            ("GET HTTP://other HTTP/1.1", "GET / - 1.1 true "),
            ("GET https://other?q HTTP/1.1", "GET / q 1.1 true "), ("OPTIONS * HTTP/1.1", "OPTIONS * - 1.1 true "),
            ("GET //x//?a?b HTTP/1.1", "GET //x// a?b 1.1 true "), ("get / HTTP/1.1", "get / - 1.1 true "),
        ]
    )
    func targets(_ line: String, _ result: String) {
        #expect(Self.read("\(line)\r\nHost: a\r\n\r\n").requests == [result + "Host: a\r\n\r\n"])
    }

    @Test(
        "refuses bad field lines (M5, M12 to M16)",
        arguments: [
            "", "Host: a\r\nHost: a\r\n", "Host:\r\n", "Host: a/b\r\n", "Host: u@a\r\n", "Host: a,b\r\n",
            "Host: a b\r\n",
            "Host: a:b\r\n", "Host: a:123456\r\n", "Host: a:65536\r\n", "Host: [::1\r\n", "Host: []\r\n",
            "Host: [g]\r\n",
            "Host: a%2\r\n", "Host: :80\r\n", "Host : a\r\n", " Host: a\r\n", "\tHost: a\r\n", ": a\r\nHost: a\r\n",
            "Host: a\r\nNoColon\r\n", "Host: a\r\nB@d: x\r\n", "Host: a\r\nX: a\r\n b\r\n", "Host: a\r\nX: a\u{0}b\r\n",
            "Host: a\r\nX: a\u{7F}\r\n", "Host: a\r\nX: \u{1B}\r\n", "Host: a\r\nX: a\rb\r\n", "Host: a\nX: b\r\n",
            "Host: a\r\nX: a\r\r\n",
        ]
    )
    func fieldLines(_ fields: String) {
        #expect(Self.read("GET / HTTP/1.1\r\n\(fields)\r\n") == Reading(rejection: 400))
    }

    @Test(
        "accepts what fields may be",
        arguments: [
            "Host: a.b-c_d~e!f%20\r\n", "Host: [2001:db8::1.2.3.4]:8080\r\n", "host:a:\r\n",
            "Host: a\r\nX-é: ".dropLast(4) + "Y: é\t x\r\n",
        ]
    )
    func goodFields(_ fields: String) {
        #expect(Self.read("GET / HTTP/1.1\r\n\(fields)\r\n").requests.count == 1)
    }

    @Test("HTTP/1.0 may leave Host out, but not send a bad one (M12)")
    func oldHost() {
        #expect(Self.read("GET / HTTP/1.0\r\n\r\n").requests == ["GET / - 1.0 false \r\n"])
        #expect(Self.read("GET / HTTP/1.0\r\nHost: a,b\r\n\r\n").rejection == 400)
    }

    @Test(
        "refuses what frames a body in doubt (M21 to M25)",
        arguments: [
            ("Content-Length: 3\r\nTransfer-Encoding: chunked", 400), ("Transfer-Encoding: gzip", 400),
            ("Transfer-Encoding: chunked, gzip", 400), ("Transfer-Encoding: chunked, chunked", 400),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400), ("Transfer-Encoding: xchunked", 400),
            ("Transfer-Encoding:", 400), ("Transfer-Encoding: identity", 400), ("Transfer-Encoding: chunked;q=1", 400),
            ("Transfer-Encoding: gzip, chunked", 501), ("Transfer-Encoding: ,chunked", 501),
            ("Content-Length: +5", 400),
            ("Content-Length: -1", 400), ("Content-Length: 0x5", 400), ("Content-Length: 1_0", 400),
            ("Content-Length: 5 5", 400),
            ("Content-Length:", 400), ("Content-Length: 5, 6", 400), ("Content-Length: 5\r\nContent-Length: 6", 400),
            ("Content-Length: 5.0", 400), ("Content-Length: 99999999999999999999999999", 413),
            ("Content-Length: 1048577", 413),
            ("Content-Length: 18446744073709551621", 413), ("Expect: 200-ok", 417),
        ]
    )
    func framing(_ fields: String, _ status: Int) {
        #expect(Self.read("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\nhello") == Reading(rejection: status))
    }

    @Test("refuses Transfer-Encoding in HTTP/1.0, and ignores its Expect (M23, M27)")
    func oldFraming() {
        #expect(Self.read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").rejection == 400)
        #expect(Self.read("GET / HTTP/1.0\r\nExpect: x\r\n\r\n").requests.count == 1)
    }

    @Test("takes a body off the connection whatever the method (M26)", arguments: ["GET", "HEAD", "OPTIONS", "DELETE"])
    func bodies(_ method: String) {
        let reading = Self.read("\(method) / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\n")
        #expect(reading.requests.count == 1)
        #expect(reading.unread == 0)
    }

    @Test(
        "refuses bad chunks (M20)",
        arguments: [
            ("+3\r\nabc\r\n", 400), ("-3\r\nabc\r\n", 400), ("0x3\r\nabc\r\n", 400), ("_3\r\nabc\r\n", 400),
            (" 3\r\nabc\r\n", 400),
            ("3 \r\nabc\r\n", 400), ("\r\nabc\r\n", 400), (";x\r\nabc\r\n", 400), ("3\nabc\r\n", 400),
            ("3\r\nabc\n", 400),
            ("3\r\nabcd\r\n", 400), ("3\r\nab\r\n0\r\n\r\n", 400), ("FFFFFFFFFFFFFFFFFF\r\n", 400),
            ("100000000000003\r\n", 413),
            ("100001\r\n", 413), ("3;\u{1}\r\nabc\r\n", 400), ("3;a\rb\r\nabc\r\n", 400), ("0\r\nBad\r\n\r\n", 400),
            ("0\r\n X: y\r\n\r\n", 400), ("0\r\nX: y\n\r\n", 400), ("g\r\n", 400),
        ]
    )
    func chunks(_ body: String, _ status: Int) {
        #expect(
            Self.read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)")
                == Reading(rejection: status)
        )
    }

    @Test("decodes chunks, drops extensions, and never merges trailers (M20)")
    func goodChunks() {
        let reading = Self.read(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n00A;a=\"b\r".dropLast(1)
                + "\"\r\n0123456789\r\n1\r\nx\r\n000\r\nHost: evil\r\nContent-Length: 7\r\n\r\n"
        )
        #expect(reading.requests == ["POST / - 1.1 true Host: a\r\nTransfer-Encoding: Chunked\r\n\r\n0123456789x"])
    }

    @Test("accepts each limit and refuses one byte more (M8, M17, M29)")
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

    @Test("rejects before the head is complete when nothing can mend it, and acts only on a complete one (M19)")
    func early() {
        #expect(Self.read("GET / HTTP/1.1\r\nBad\r\n").rejection == 400)
        #expect(Self.read("\u{16}").rejection == 400)
        #expect(Self.read(String(repeating: "A", count: 20_000)).rejection == 414)
        #expect(Self.read("GET / HTTP/1.1\r\nHost: a\r\n") == Reading(unread: 25))
    }

    @Test("says when the client waits for 100 Continue, unless the body has begun (M27)")
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
