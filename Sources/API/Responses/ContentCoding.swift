import Compression
import HTTPSemantics
import HTTPServer

/// gzip of complete responses, for clients that take it.
struct ContentCoding: Sendable {
    let limits: APILimits
    let pendingBytes: PendingBytes

    /// The coding that goes out, once the response is known: compressed, as it is, or a 406 when the client takes neither. A 503 in place
    /// of a large response with the table's data (`isData`), where too much waits for slow clients.
    func complete(_ response: inout HTTPResponse, for call: APICall, isData: Bool = true) {
        if isData { refuseWhereTooMuchWaits(&response) }
        switch response.body {
        case .stream(let body as PageBody): encode(body, of: &response, call)
        case .bytes(let body) where response.status == 200 || response.status == 201:
            encode(body, of: &response, call)
        case .pending(let answer):
            // The response that comes later is completed when it comes.
            response.body = .pending(CodedResponse(answer, coding: self, call: call))
        default: break
        }
    }

    /// 503 in place of a large response while too much waits for clients that do not read.
    private func refuseWhereTooMuchWaits(_ response: inout HTTPResponse) {
        switch response.body {
        case .bytes(let body):
            if body.count <= limits.wholeBytes || pendingBytes.admits(body.count) { return }
        case .stream(let body as any BulkBody):
            if pendingBytes.admits(limits.wholeBytes + body.keptBytes) { return }
            body.finished(.stalled)
        case .none, .stream, .pending: return
        }
        response = Problem(
            503,
            .overloaded,
            "Large responses are refused for now: the service holds as many bytes for slow clients as it may (--max-pending-bytes). "
                + "Retry, or ask for less at once (limit, fields).",
            retryAfterSeconds: limits.pendingRetrySeconds
        ).response()
    }

    private func encode(_ body: PageBody, of response: inout HTTPResponse, _ call: APICall) {
        guard call.fields.contains(.acceptEncoding) else { return }
        // In pieces it holds nobody up, but costs as much processor time as a whole one.
        let isSmall = (body.size ?? 0) <= limits.compressedBytes.upperBound
        switch AcceptEncoding(call.header(.acceptEncoding)).coding(isWorthwhile: isSmall) {
        case .gzip:
            mark(&response)
            body.compress()
        case .identity: break
        case nil:
            body.finished(.completed)
            response = refusal
        }
    }

    private func mark(_ response: inout HTTPResponse) {
        response.fields.add("Content-Encoding", "gzip")
        if !response.fields.contains("vary") { response.fields.add("Vary", "Accept-Encoding") }
        response.fields.weakenEntityTag()
    }

    private var refusal: HTTPResponse {
        let detail = "The field Accept-Encoding takes neither gzip nor identity, and there is no other coding."
        return Problem(406, .notAcceptable, detail, allowed: ["gzip", "identity"]).response()
    }

    private func encode(_ body: [UInt8], of response: inout HTTPResponse, _ call: APICall) {
        guard call.fields.contains(.acceptEncoding) else { return }
        let isWorthwhile = limits.compressedBytes.contains(body.count)
        switch AcceptEncoding(call.header(.acceptEncoding)).coding(isWorthwhile: isWorthwhile) {
        case .gzip:
            mark(&response)
            compress(body, of: &response)
        case .identity: break
        case nil: response = refusal
        }
    }
}

extension ContentCoding {
    /// A small body at once, a larger one in steps.
    private func compress(_ body: [UInt8], of response: inout HTTPResponse) {
        guard body.count > limits.stepBytes else {
            response.body = .bytes(body.withUnsafeBytes { Gzip.compress($0) })
            return
        }
        var gzip = PiecewiseGzip(body)
        let (size, uncompressed) = (limits.stepBytes, response)
        response = SteppedResponse.later {
            guard let bytes = gzip.step(size) else { return nil }
            var response = uncompressed
            response.body = .bytes(bytes)
            return response
        }
    }
}

/// A pending response, coded when it comes.
private final class CodedResponse: PendingResponse {
    private var answer: any PendingResponse
    private let coding: ContentCoding
    private let call: APICall
    /// The response is there, and `answer` is its coding.
    private var isCoding = false

    init(_ answer: any PendingResponse, coding: ContentCoding, call: APICall) {
        self.answer = answer
        self.coding = coding
        self.call = call
    }

    func poll(now: Duration) -> PendingStep {
        switch answer.poll(now: now) {
        case .wait(let until): return .wait(until: until)
        case .again: return .again
        case .answer(var response):
            if !isCoding { coding.complete(&response, for: call) }
            if case .pending(let next) = response.body {
                answer.finished(.completed)
                answer = next
                isCoding = true
                return .again
            }
            response.principal = call.grant?.token.name
            return .answer(response)
        }
    }

    func drain() { answer.drain() }
    func finished(_ reason: StreamEnd) { answer.finished(reason) }
}
