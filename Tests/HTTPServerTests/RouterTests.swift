import Testing

@testable import HTTPServer

@Suite struct RouterTests {
    /// A request made by the parser from its first line.
    static func request(_ line: String, fields: String = "") -> HTTPRequest {
        var parser = RequestParser()
        var consumed = 0
        let bytes = Array("\(line) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        let outcome = bytes.withUnsafeBufferPointer {
            parser.parse($0, consumed: &consumed, limits: HTTPServerLimits())
        }
        guard case .complete(let head, let body) = outcome else { preconditionFailure("not a request: \(line)") }
        return HTTPRequest(head: head, body: body, peerAddress: "127.0.0.1")
    }

    /// What is sent, in one line: status, route, Allow and body.
    static func answer(_ router: Router, _ line: String) -> String {
        let response = router.respond(to: request(line))
        var body = ""
        if case .bytes(let bytes) = response.body { body = String(decoding: bytes, as: UTF8.self) }
        return "\(response.status) \(response.route?.pattern ?? "-") \(body)"
    }

    static func router() -> Router {
        var router = Router(
            finishers: [TestFinisher { response, _ in response.fields.add("X-Finished", "yes") }],
            problem: { status, detail, fields, _ in
                HTTPResponse(status: status, fields: fields, body: .bytes(Array(detail.utf8)))
            }
        )
        func text(_ name: String, _ parameters: String...) -> Router.Action {
            { _, values in .text(name + parameters.map { " " + String(decoding: values[$0], as: UTF8.self) }.joined()) }
        }
        router.on(.get, "/", text("root"))
        router.on(.get, "/v1/items", text("list"))
        router.on(.get, "/v1/items/{pk}", text("item", "pk"))
        router.on(.get, "/v1/items/{pk}/{sk}", text("item", "pk", "sk"))
        router.on(.post, "/v1/items/batch-get", text("batch"))
        router.on(.put, "/v1/{any}/x", text("any", "any"))
        return router
    }

    @Test(
        "knows the requests that are health probes",
        arguments: [
            ("GET /livez", true), ("HEAD /livez?a=b", true), ("GET /%6Civez", true), ("POST /livez", false),
            ("OPTIONS /livez", false), ("OPTIONS *", false), ("GET /livez/", false), ("GET /nothing", false),
            ("GET /v1/items/livez", false), ("GET /", false),
        ]
    )
    func probes(_ line: String, _ isProbe: Bool) {
        var router = Self.router()
        router.on(.get, "/livez", isProbe: true) { _, _ in .text("alive") }
        #expect(router.isProbe(Self.request(line)) == isProbe)
    }

    @Test(
        "finds literals and parameters, decoded",
        arguments: [
            ("GET /", "200 / root"), ("GET /v1/items", "200 /v1/items list"),
            ("GET /v1/items?x=y", "200 /v1/items list"),
            ("GET /v1/items/a%2Fb%20c", "200 /v1/items/{pk} item a/b c"),
            ("GET /v1/%69tems/a", "200 /v1/items/{pk} item a"),
            ("GET /v1/items/a/b", "200 /v1/items/{pk}/{sk} item a b"),
            ("HEAD /v1/items/a", "200 /v1/items/{pk} item a"),
            ("PUT /v1/items/x", "200 /v1/{any}/x any items"), ("GET http://h", "200 / root"),
            ("GET /v1/items/a+b", "200 /v1/items/{pk} item a+b"),
        ]
    )
    func found(_ line: String, _ result: String) {
        #expect(Self.answer(Self.router(), line) == result)
    }

    @Test("a literal wins if it has the method, and otherwise leaves the path to a parameter")
    func literalFirst() {
        let router = Self.router()
        #expect(Self.answer(router, "POST /v1/items/batch-get") == "200 /v1/items/batch-get batch")
        #expect(Self.answer(router, "GET /v1/items/batch-get") == "200 /v1/items/{pk} item batch-get")
        #expect(Self.answer(router, "GET /v1/items/batch-get/b") == "200 /v1/items/{pk}/{sk} item batch-get b")
    }

    @Test(
        "404 where no pattern fits",
        arguments: [
            "GET /x", "GET /v1", "GET /v1/items/", "GET /v1/items//", "GET /v1/items/a/b/c", "GET //", "GET /V1/items",
            "OPTIONS /x",
        ]
    )
    func missing(_ line: String) {
        #expect(Self.answer(Self.router(), line) == "404 - there is nothing at this path")
    }

    @Test("M18, M37: 405 with Allow for registered methods, 501 for unknown ones")
    func methods() throws {
        let router = Self.router()
        for method in ["POST", "DELETE", "TRACE", "QUERY", "PATCH", "CONNECT"] {
            let response = router.respond(to: Self.request("\(method) /v1/items"))
            #expect(response.status == 405)
            #expect(
                String(decoding: response.fields.bytes, as: UTF8.self)
                    == "Allow: GET, HEAD, OPTIONS\r\nX-Finished: yes\r\n"
            )
        }
        #expect(
            Self.answer(router, "DELETE /v1/items") == "405 - DELETE is not allowed here; allowed: GET, HEAD, OPTIONS"
        )
        #expect(Self.answer(router, "BREW /v1/items") == "501 - the method BREW is not known here")
        #expect(Self.answer(router, "get /v1/items") == "501 - the method get is not known here")
    }

    @Test(
        "OPTIONS answers 204 with the methods of the path, or of everything",
        arguments: [
            ("OPTIONS /v1/items", "GET, HEAD, OPTIONS"), ("OPTIONS /v1/items/batch-get", "POST, GET, HEAD, OPTIONS"),
            ("OPTIONS *", "GET, POST, PUT, HEAD, OPTIONS"), ("OPTIONS http://h", "GET, POST, PUT, HEAD, OPTIONS"),
        ]
    )
    func options(_ line: String, _ allow: String) {
        let response = Self.router().respond(to: Self.request(line))
        #expect(response.status == 204)
        #expect(String(decoding: response.fields.bytes, as: UTF8.self) == "Allow: \(allow)\r\nX-Finished: yes\r\n")
    }

    @Test("finishes responses to bytes that were no request, too")
    func rejected() {
        let response = Self.router().respondToRejected(RejectedRequest(status: 400, reason: "no"))
        #expect(response.status == 400)
        #expect(response.fields.contains("x-finished"))
    }
}
