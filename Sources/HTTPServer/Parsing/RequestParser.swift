import Glibc

/// The strict, incremental parser of HTTP/1.1 requests (RFC 9112): a value over bytes, without I/O.
///
/// Its events are tied to positions in the byte stream, so the result is the same however the stream is cut. The caller
/// keeps bytes that were not consumed and passes them again, with more behind them.
struct RequestParser {
    enum Outcome {
        /// Everything consumable is consumed; more bytes are needed.
        case incomplete
        case complete(RequestHead, body: [UInt8])
        /// The connection cannot be read any further: respond and close.
        case rejected(RequestRejection)
    }

    enum Phase: Equatable {
        /// Between requests, not a byte of the next one seen.
        case idle
        case head
        case body
    }

    private(set) var phase = Phase.idle
    /// The head is complete, the client waits for "100 Continue" and has not sent any body (RFC 9110 section 10.1.1).
    private(set) var awaitsContinue = false
    /// The offset of the first line not looked at yet, and how far no line feed was found behind it.
    private var cursor = 0
    private var blankLines = 0
    private var scanned = 0
    private var line: RequestLine?
    private var fieldsStart = 0
    private var fields = FramingFields()
    private var head: RequestHead?
    private var decoder: BodyDecoder?

    /// Reads on in `input`, which begins with the first byte that was not consumed, and says how many it consumed now.
    mutating func parse(
        _ input: UnsafeBufferPointer<UInt8>,
        consumed: inout Int,
        limits: borrowing HTTPServerLimits
    ) -> Outcome {
        consumed = 0
        do throws(RequestRejection) {
            if phase != .body {
                guard try parseHead(input, &consumed, limits) else { return .incomplete }
                if decoder == nil { return finish(body: []) }
            }
            let rest = UnsafeBufferPointer(rebasing: input[consumed...])
            if rest.count > 0 { awaitsContinue = false }
            guard let body = try decoder?.decode(rest, consumed: &consumed, limits: limits) else { return .incomplete }
            return finish(body: body)
        } catch {
            return .rejected(error)
        }
    }

    /// The method of the request being read, once its request line is there.
    var method: HTTPMethod? { line?.method }

    /// The bytes of the body that have come.
    var bodyCount: Int { decoder?.count ?? 0 }

    /// The caller has sent "100 Continue".
    mutating func sentContinue() { awaitsContinue = false }

    private mutating func finish(body: [UInt8]) -> Outcome {
        guard let head else { preconditionFailure("a request is finished after its head only") }
        self = RequestParser()
        return .complete(head, body: body)
    }

    /// Takes complete lines; true when the head is complete and consumed.
    private mutating func parseHead(
        _ whole: UnsafeBufferPointer<UInt8>,
        _ consumed: inout Int,
        _ limits: borrowing HTTPServerLimits
    ) throws(RequestRejection) -> Bool {
        if phase == .idle {
            guard try skipBlankLines(whole, &consumed) else { return false }
            phase = .head
        }
        guard let start = whole.baseAddress else { return false }
        let base = start + consumed
        let count = whole.count - consumed
        while true {
            let found = memchr(base + scanned, Int32(ByteClass.lineFeed), count - scanned)
            let end = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? count
            try checkSize(lineEnd: end, hasLineFeed: found != nil, limits)
            guard found != nil else {
                scanned = count
                return false
            }
            guard end > cursor, base[end - 1] == ByteClass.carriageReturn else {
                throw RequestRejection(400, "a line of the head does not end in CRLF")
            }
            let content = UnsafeBufferPointer(start: base + cursor, count: end - 1 - cursor)
            cursor = end + 1
            scanned = cursor
            if line == nil {
                line = try RequestLine(content)
                fieldsStart = cursor
            } else if content.count == 0 {
                try completeHead(UnsafeBufferPointer(start: base, count: cursor), limits)
                consumed += cursor
                return true
            } else {
                guard fields.fieldCount < limits.fieldCount else {
                    throw RequestRejection(431, "the head has too many fields")
                }
                try fields.add(content)
            }
        }
    }

    /// Consumes empty lines before a request line (RFC 9112 section 2.2); true when a request has begun.
    private mutating func skipBlankLines(
        _ input: UnsafeBufferPointer<UInt8>,
        _ consumed: inout Int
    ) throws(RequestRejection) -> Bool {
        while consumed < input.count {
            if input[consumed] == ByteClass.carriageReturn {
                guard consumed + 1 < input.count else { return false }
                guard input[consumed + 1] == ByteClass.lineFeed else {
                    throw RequestRejection(400, "a line of the head does not end in CRLF")
                }
                consumed += 2
                blankLines += 1
                continue
            }
            guard ByteClass.isToken(input[consumed]) else {
                // The beginning of `ProxyHeader.signature`.
                if input[consumed] == 0, blankLines == 2 { throw .unexpectedProxyHeader }
                throw RequestRejection(400, "the first byte cannot begin a request: is this TLS, or another protocol?")
            }
            return true
        }
        return false
    }

    /// `lineEnd` is where the line feed stands, or the end of what is there: too long is too long either way.
    private func checkSize(
        lineEnd: Int,
        hasLineFeed: Bool,
        _ limits: borrowing HTTPServerLimits
    ) throws(RequestRejection) {
        if line == nil {
            // One more than the limit is the carriage return.
            if lineEnd > min(limits.requestLineBytes, limits.headBytes) + 1 {
                throw RequestRejection(414, "the request line is too long")
            }
        } else if lineEnd + (hasLineFeed ? 1 : 0) > limits.headBytes {
            throw RequestRejection(431, "the head is too large")
        }
    }

    private mutating func completeHead(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ limits: borrowing HTTPServerLimits
    ) throws(RequestRejection) {
        guard let line else { preconditionFailure("a head begins with its request line") }
        let framing = try fields.body(minorVersion: line.minorVersion)
        switch framing {
        case .none:
            decoder = nil
        case .length(let length):
            guard length <= limits.bodyBytes else { throw RequestRejection(413, "the body is too large") }
            decoder = BodyDecoder(length: length)
        case .chunked:
            decoder = BodyDecoder()
        }
        awaitsContinue = framing != .none && fields.expectsContinue && line.minorVersion > 0
        head = RequestHead(
            bytes: Array(bytes),
            method: line.method,
            minorVersion: line.minorVersion,
            path: line.path,
            query: line.query,
            authority: line.authority,
            fieldsStart: fieldsStart,
            keepsAlive: line.method != .connect && fields.keepsAlive(minorVersion: line.minorVersion)
        )
        phase = .body
    }
}
