import Compression
import HTTPSemantics
import HTTPServer

/// gzip of complete responses, for clients that take it.
struct ContentCoding: Sendable {
    let limits: APILimits
    let pendingBytes: PendingBytes

    /// Makes an operation's response compressed, leaves it as it is, or makes it a 406 when the client takes neither. `hasData` says
    /// that it has data of the table: where too many bytes wait for slow clients, a 503 takes the place of a large one. A response
    /// that is pending is coded when it comes.
    func apply(to response: inout HTTPResponse, of call: APICall, hasData: Bool) {
        if case .pending(let pending) = response.body {
            response.body = .pending(pending.map { apply(to: &$0, of: call, hasData: hasData) })
            return
        }
        guard response.status < 300 else { return }
        if hasData { refuseWhereTooMuchWaits(&response, call.request) }
        switch response.body {
        case .bytes(let body) where response.status == 200 || response.status == 201:
            switch coding(for: call, isWorthwhile: limits.compressedBytes.contains(body.count)) {
            case .gzip:
                mark(&response)
                compress(body, of: &response)
            case .identity: break
            case nil: response = notAcceptable(call.request)
            }
        case .stream(let body):
            guard let page = body as? PageBody else { return }
            // In pieces it holds nobody up, but costs as much processor time as a whole one.
            let isSmall = (page.size ?? 0) <= limits.compressedBytes.upperBound
            switch coding(for: call, isWorthwhile: isSmall) {
            case .gzip:
                mark(&response)
                page.compress()
            case .identity: break
            case nil:
                body.finished(.completed)
                response = notAcceptable(call.request)
            }
        case .none, .bytes, .pending: break
        }
    }

    /// Whether a whole body of `count` bytes would be compressed for a call, and so its tag be weak: a 304 has the tag that the 200 would
    /// have (RFC 9110 section 15.4.5). The bytes are counted only for clients that prefer gzip.
    static func compresses(for call: APICall, _ limits: APILimits, count: () -> Int) -> Bool {
        guard let field = call.header(.acceptEncoding) else { return false }
        let codings = AcceptEncoding(field)
        guard codings.coding(isWorthwhile: true) == .gzip else { return false }
        return codings.coding(isWorthwhile: limits.compressedBytes.contains(count())) == .gzip
    }

    /// 503 in place of a large response while too much waits for clients that do not read.
    private func refuseWhereTooMuchWaits(_ response: inout HTTPResponse, _ request: HTTPRequest) {
        switch response.body {
        case .bytes(let body):
            if body.count <= limits.wholeBytes || pendingBytes.admits(body.count) { return }
        case .stream(let body):
            guard let bulk = body as? any BulkBody else { return }
            if pendingBytes.admits(limits.wholeBytes + bulk.keptBytes) { return }
            body.finished(.stalled)
        case .none, .pending: return
        }
        let problem = Problem(
            503,
            .overloaded,
            "Large responses are refused for now: the service holds as many bytes for slow clients as it may (--max-pending-bytes). "
                + "Retry, or ask for less at once (limit, fields).",
            .retryAfter(seconds: limits.pendingRetrySeconds)
        )
        response = problem.response(id: request.id)
    }

    private func coding(for call: APICall, isWorthwhile: Bool) -> AcceptEncoding.Coding? {
        guard let field = call.header(.acceptEncoding) else { return .identity }
        return AcceptEncoding(field).coding(isWorthwhile: isWorthwhile)
    }

    private func mark(_ response: inout HTTPResponse) {
        response.fields.add("Content-Encoding", "gzip")
        if !response.fields.contains("vary") { response.fields.add("Vary", "Accept-Encoding") }
        response.fields.weakenEntityTag()
    }

    private func notAcceptable(_ request: HTTPRequest) -> HTTPResponse {
        let detail = "The field Accept-Encoding takes neither gzip nor identity, and there is no other coding."
        return Problem(406, .notAcceptable, detail, .allowed(["gzip", "identity"])).response(id: request.id)
    }

    /// A small body at once, a larger one in steps.
    private func compress(_ body: [UInt8], of response: inout HTTPResponse) {
        guard body.count > limits.stepBytes else {
            response.body = .bytes(body.withUnsafeBytes { Gzip.compress($0) })
            return
        }
        var gzip = PiecewiseGzip(body)
        let (size, uncompressed) = (limits.stepBytes, response)
        response.body = .pending(
            SteppedResponse {
                guard let bytes = gzip.step(size) else { return nil }
                var response = uncompressed
                response.body = .bytes(bytes)
                return response
            }
        )
    }
}
