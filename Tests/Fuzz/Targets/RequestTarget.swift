import HTTPSemantics

@testable import HTTPServer

/// The request parser: the same requests and the same rejection whether the bytes come at once, one by one, or in two pieces.
struct RequestTarget: FuzzTarget {
    private enum Event: Equatable {
        case request(line: [UInt8], target: [String], body: [UInt8], keepsAlive: Bool)
        case rejected(RequestRejection)
    }

    private let limits: HTTPServerLimits
    private let router: Router

    init() {
        var limits = HTTPServerLimits()
        // Small, so that inputs of some hundred bytes reach every limit.
        limits.requestLineBytes = 120
        limits.headBytes = 400
        limits.fieldCount = 12
        limits.bodyBytes = 300
        limits.chunkLineBytes = 24
        limits.chunkExtensionBytes = 40
        self.limits = limits
        let answer: Router.Action = { _, path in
            _ = path["pk"]
            return HTTPResponse(status: 200)
        }
        var router = Router(problem: { status, _, _, _ in HTTPResponse(status: status) })
        router.on(.get, "/v1/items/{pk}", answer)
        router.on(.post, "/v1/items/{pk}/{sk}", answer)
        router.on(.get, "/v1/items/{pk}/{sk}", answer)
        self.router = router
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        let whole = events(bytes, pieces: [bytes.count])
        require(events(bytes, pieces: Array(repeating: 1, count: bytes.count)) == whole, "byte by byte differs")
        for cut in cuts(bytes) {
            require(events(bytes, pieces: [cut, bytes.count - cut]) == whole, "differs when cut at \(cut)")
        }
    }

    /// What a connection would make of the bytes, read in pieces of these sizes.
    private func events(_ bytes: UnsafeRawBufferPointer, pieces: [Int]) -> [Event] {
        var parser = RequestParser()
        var events: [Event] = []
        var input: [UInt8] = []
        var read = 0
        for size in pieces {
            input += bytes[read..<read + size]
            read += size
            while !input.isEmpty {
                var consumed = 0
                let outcome = input.withUnsafeBufferPointer { parser.parse($0, consumed: &consumed, limits: limits) }
                require(consumed <= input.count, "consumed more than there is")
                input.removeFirst(consumed)
                switch outcome {
                case .incomplete: break
                case .rejected(let rejection): return events + [.rejected(rejection)]
                case .complete(let head, let body):
                    events.append(event(HTTPRequest(head: head, body: body, peerAddress: "")))
                    continue
                }
                if parser.awaitsContinue { parser.sentContinue() }
                break
            }
        }
        return events
    }

    /// Asks a request everything that handlers ask.
    private func event(_ request: HTTPRequest) -> Event {
        let head = request.head
        var source = RequestIdentitySource()
        var identified = request
        identified.identity = RequestIdentity(head, &source)
        require(identified.id.map { (1...128).contains($0.utf8.count) } == true, "an id that is none")
        let parameters = (try? request.queryParameters()) ?? []
        _ = request.header("traceparent").flatMap(TraceParent.init)
        require(router.respond(to: request).status > 0, "no answer")
        let path = request.pathSegments.map { String(decoding: $0, as: UTF8.self) }
        require(request.rawPath.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a path that needs an escape")
        return .request(
            line: Array(head.bytes.prefix { $0 != 13 }),
            target: path + parameters.flatMap { [$0.name, $0.value] } + [request.header("host") ?? ""],
            body: request.body,
            keepsAlive: head.keepsAlive
        )
    }
}
