@testable import API
@testable import Feed
@testable import HTTPServer
@testable import ReplicaStore
@testable import Replication
@testable import TableModel

/// The whole API over a small table: every request gets an answer that is well-formed, none ends the process.
///
/// An input is a request with line feeds for line ends: `GET /v1/items?limit=2`, header fields, an empty line, a body.
struct APITarget: FuzzTarget {
    /// What this service may answer. 500 is not in it.
    private static let statuses: Set = [
        200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 410, 412, 413, 414, 415, 417, 422, 429, 431, 501, 503, 505,
    ]

    private let router: Router

    init() {
        let store = ReplicaStore()
        APITarget.fill(store)
        let now: Int64 = 1_700_000_000_000
        let view = ReplicaView(
            store: store,
            conditions: { ReplicaConditions(state: .live, lagMilliseconds: 12) },
            status: { ReplicationStatus() },
            wallMilliseconds: { now }
        )
        let hub = FeedHub(
            store: store,
            limits: FeedLimits(),
            wallMilliseconds: { now },
            conditions: { FeedConditions(lagMilliseconds: 12, reason: "") }
        )
        let api = API(
            view: view,
            hub: hub,
            health: Health(view: view),
            startedAtMilliseconds: now,
            metrics: { HTTPResponse(status: 200) }
        )
        router = api.router()
    }

    func run(_ bytes: UnsafeRawBufferPointer) {
        guard let request = request(Array(bytes)) else { return }
        let response = settled(router.respond(to: request))
        require(APITarget.statuses.contains(response.status), "answered \(response.status) to \(request.rawPath)")
        let output = OutputBuffer()
        let framing = ResponseEncoder.framing(of: response, minorVersion: 1)
        ResponseEncoder.encodeHead(
            of: response,
            framing: framing,
            keepsAlive: true,
            minorVersion: 1,
            date: [],
            into: output
        )
        switch response.body {
        case .none: return
        case .pending: fatalError("an answer that is pending again")
        case .stream(let stream): readAll(stream)
        case .bytes(let body):
            if response.status >= 400 { requireProblem(body, response) }
        }
    }

    /// The request of an input; nil when the parser refuses it.
    private func request(_ input: [UInt8]) -> HTTPRequest? {
        var lines = input.split(separator: 10, omittingEmptySubsequences: false)[...]
        guard let first = lines.popFirst() else { return nil }
        var head = first + " HTTP/1.1\r\nHost: a\r\n".utf8
        while let line = lines.popFirst(), !line.isEmpty { head += line + [13, 10] }
        let body = Array(lines.joined(separator: [10]))
        let whole = Array(head) + Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
        var parser = RequestParser()
        var consumed = 0
        let outcome = whole.withUnsafeBufferPointer {
            parser.parse($0, consumed: &consumed, limits: HTTPServerLimits())
        }
        guard case .complete(let head, let read) = outcome else { return nil }
        var request = HTTPRequest(head: head, body: read, peerAddress: "127.0.0.1")
        request.identity = .made(1, 2)
        return request
    }

    /// The response, or what a pending answer says once it has to.
    private func settled(_ response: HTTPResponse) -> HTTPResponse {
        guard case .pending(let answer) = response.body else { return response }
        for now in [Duration.zero, .seconds(3600)] {
            if now > .zero { answer.drain() }
            var step = PendingStep.again
            while case .again = step { step = answer.poll(now: HTTPServer.now() + now) }
            if case .answer(let response) = step {
                answer.finished(.completed)
                return response
            }
        }
        fatalError("an answer that does not come when the server drains")
    }

    /// Reads a stream for some rounds, lets it say goodbye, and leaves.
    private func readAll(_ stream: any StreamingBody) {
        var output: [UInt8] = []
        for round in 0..<20 {
            if round == 15 { stream.drain() }
            output.removeAll()
            let step = stream.produce(into: &output, budget: 4096, now: HTTPServer.now())
            if step == .end || step == .abort {
                stream.finished(.completed)
                return
            }
        }
        stream.finished(.clientGone)
    }

    private func requireProblem(_ body: [UInt8], _ response: HTTPResponse) {
        if response.fields.contains("content-encoding") { return }
        body.withUnsafeBytes { bytes in
            var status: Int64?
            var reader = JSONReader(bytes)
            do throws(JSONError) {
                try reader.beginObject()
                while let name = try reader.nextMember() {
                    if name == "status" { status = try reader.readInteger() } else { try reader.skipValue() }
                }
                try reader.readEnd()
            } catch {
                fatalError("a problem that is no JSON object: \(String(decoding: body, as: UTF8.self))")
            }
            require(status == Int64(response.status), "a problem of another status")
        }
    }

    /// Items of several shapes under a composite key.
    private static func fill(_ store: ReplicaStore) {
        let schema = KeySchema(
            partition: KeyAttribute(name: "pk", type: .string),
            sort: KeyAttribute(name: "sk", type: .string)
        )
        guard let epoch = Epoch("aaaaaaaa") else { fatalError("an epoch that is none") }
        let writer = GenerationWriter(epoch: epoch, keySchema: schema, limits: StoreLimits())
        for number in 0..<30 {
            let attributes: [AttributeName: AttributeValue] = [
                "pk": .string("p\(number % 3)"), "sk": .string("s\(number)"), "n": .number("\(number).5"),
                "m": .map(["l": .list([.number("1"), .string("é\"\n"), .bool(true), .null])]),
                "b": .binary([0, 255, UInt8(number)]), "ss": .stringSet(["x", "y\(number)"]),
            ]
            let item = Item(attributes)
            let key = item.packed.withUnsafeBytes { try? PackedItem.key(of: $0, schema: schema) }
            guard let key else { fatalError("a key that is none") }
            _ = writer.apply(Change(key: key, outcome: .put(item), version: nil, at: 0, cause: .stream))
        }
        writer.endBootstrap()
        store.publish(writer.snapshot())
    }
}
