import Basics
import HTTPServer

/// The JSON 1.0 protocol over HTTP: `POST /` with X-Amz-Target. A thin shell around the engine.
struct SandboxHandler: HTTPHandler {
    /// Does one call, faults included in what it gives back.
    let perform: @Sendable (_ target: String, _ request: HTTPRequest) -> SandboxResponse

    /// Does one of the sandbox's own actions.
    let control: @Sendable (_ request: HTTPRequest) -> SandboxResponse

    func respond(to request: HTTPRequest) -> HTTPResponse {
        if request.rawPath.hasPrefix(RemoteAction.pathPrefix) {
            guard request.method == .post else { return Self.postOnly }
            let outcome = control(request)
            return Self.response(outcome.status, "application/json", outcome.body)
        }
        guard request.method == .post else {
            // A GET is how people and load balancers look whether the endpoint is up.
            return Self.response(200, "text/plain", Array("healthy: dynamodb\n".utf8))
        }
        guard let target = request.header("x-amz-target") else {
            let error = SandboxError("MissingAuthenticationTokenException", "Request is missing X-Amz-Target")
            return Self.response(400, Self.amzJSON, ErrorBody.json(error, isStreams: false))
        }
        return Self.response(to: perform(target, request))
    }

    func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse {
        Self.response(rejected.status, "text/plain", Array("\(rejected.reason)\n".utf8))
    }

    private static let amzJSON = "application/x-amz-json-1.0"

    /// The response to a request for an action with another method: it would look as if something had happened.
    private static var postOnly: HTTPResponse {
        let body = JSONWriter.object { $0.member("error", "an action is a POST with a JSON object") }
        var response = response(405, "application/json", body)
        response.fields.add("Allow", "POST")
        return response
    }

    private static func response(to outcome: SandboxResponse) -> HTTPResponse {
        var body = outcome.body
        var checksum: UInt32? = outcome.isStreams ? nil : CRC32.checksum(body)
        var delivery: FaultyBody.Delivery?
        var isHTML = false
        switch outcome.fault {
        case .html(let status)?:
            isHTML = true
            body = Array("<html><body><h1>\(status) Service Unavailable</h1></body></html>\n".utf8)
            checksum = nil
        case .garbledCompression?:
            body = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 31) }
            checksum = nil
        case .truncated?: body = Array(body.prefix(body.count / 2))
        case .badChecksum?: checksum = ~CRC32.checksum(body)
        case .dropConnection?: delivery = .dropped
        case .delay(let duration)?: delivery = .late(duration)
        case .trickle(let bytes, let interval)?: delivery = .trickled(bytes: bytes, interval: interval)
        case .error?, .emptyObject?, .emptyPage?, .repeatRecords?, .repeatedCursor?, nil: break
        }
        var response = response(outcome.status, isHTML ? "text/html" : amzJSON, body)
        if outcome.fault == .garbledCompression { response.fields.add("Content-Encoding", "gzip") }
        if let checksum { response.fields.add("x-amz-crc32", String(checksum)) }
        if let delivery { response.body = .stream(FaultyBody(body, delivery)) }
        return response
    }

    private static func response(_ status: Int, _ contentType: String, _ body: [UInt8]) -> HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", contentType)
        fields.add("x-amzn-RequestId", RequestID.make())
        return HTTPResponse(status: status, fields: fields, body: .bytes(body))
    }
}

/// The outcome of one call, by the engine and the fault queue.
struct SandboxResponse: Sendable {
    var status: Int
    var body: [UInt8]
    var isStreams: Bool
    var fault: SandboxFault?
}

/// The 52 characters that AWS marks a request with.
enum RequestID {
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        var bits: UInt64 = 0
        let characters = (0..<52).map { index in
            if index % 10 == 0 { bits = generator.next() }
            defer { bits /= 36 }
            return alphabet[Int(bits % 36)]
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
