/// How a response's body is delimited on the wire (RFC 9112 section 6).
enum ResponseFraming: Equatable {
    /// No body and no length: 204, 304.
    case none
    case length(Int)
    case chunked
    /// The end of the connection ends the body: streams to HTTP/1.0.
    case untilClose
}

/// Writes status line and fields (RFC 9112 section 4).
enum ResponseEncoder {
    /// How a body of this kind is framed for a client of this version.
    static func framing(of response: HTTPResponse, minorVersion: Int) -> ResponseFraming {
        if response.status == 204 || response.status == 304 { return .none }
        switch response.body {
        case .none: return .length(0)
        case .bytes(let bytes): return .length(bytes.count)
        case .stream(let stream):
            if let length = stream.length { return .length(length) }
            return minorVersion > 0 ? .chunked : .untilClose
        case .pending: preconditionFailure("a pending answer's response must not be pending again")
        }
    }

    /// Appends status line, fields and the empty line to `output`. `notes` appends fields of its own.
    static func encodeHead(
        of response: HTTPResponse,
        framing: ResponseFraming,
        keepsAlive: Bool,
        minorVersion: Int,
        date: [UInt8],
        into output: OutputBuffer,
        notes: () -> Void = {}
    ) {
        if let line = statusLine(response.status) {
            output.append(line)
        } else {
            // A status without a phrase keeps the space before it (RFC 9112 section 4).
            output.append("HTTP/1.1 ")
            output.append(decimal: response.status)
            output.append(" \r\n")
        }
        output.append("Date: ")
        output.append(date)
        output.append("\r\n")
        output.append(response.fields.bytes)
        notes()
        switch framing {
        case .none, .untilClose: break
        case .length(let count):
            output.append("Content-Length: ")
            output.append(decimal: count)
            output.append("\r\n")
        case .chunked: output.append("Transfer-Encoding: chunked\r\n")
        }
        if !keepsAlive {
            output.append("Connection: close\r\n\r\n")
        } else if minorVersion == 0 {
            output.append("Connection: keep-alive\r\n\r\n")
        } else {
            output.append("\r\n")
        }
    }

    /// The status line with its CRLF, for the statuses that have a phrase.
    private static func statusLine(_ status: Int) -> StaticString? {
        switch status {
        case 200: "HTTP/1.1 200 OK\r\n"
        case 201: "HTTP/1.1 201 Created\r\n"
        case 202: "HTTP/1.1 202 Accepted\r\n"
        case 204: "HTTP/1.1 204 No Content\r\n"
        case 301: "HTTP/1.1 301 Moved Permanently\r\n"
        case 302: "HTTP/1.1 302 Found\r\n"
        case 303: "HTTP/1.1 303 See Other\r\n"
        case 304: "HTTP/1.1 304 Not Modified\r\n"
        case 307: "HTTP/1.1 307 Temporary Redirect\r\n"
        case 308: "HTTP/1.1 308 Permanent Redirect\r\n"
        case 400: "HTTP/1.1 400 Bad Request\r\n"
        default: errorStatusLine(status)
        }
    }

    private static func errorStatusLine(_ status: Int) -> StaticString? {
        switch status {
        case 401: "HTTP/1.1 401 Unauthorized\r\n"
        case 403: "HTTP/1.1 403 Forbidden\r\n"
        case 404: "HTTP/1.1 404 Not Found\r\n"
        case 405: "HTTP/1.1 405 Method Not Allowed\r\n"
        case 406: "HTTP/1.1 406 Not Acceptable\r\n"
        case 408: "HTTP/1.1 408 Request Timeout\r\n"
        case 409: "HTTP/1.1 409 Conflict\r\n"
        case 410: "HTTP/1.1 410 Gone\r\n"
        case 411: "HTTP/1.1 411 Length Required\r\n"
        case 412: "HTTP/1.1 412 Precondition Failed\r\n"
        case 413: "HTTP/1.1 413 Content Too Large\r\n"
        case 414: "HTTP/1.1 414 URI Too Long\r\n"
        case 415: "HTTP/1.1 415 Unsupported Media Type\r\n"
        case 416: "HTTP/1.1 416 Range Not Satisfiable\r\n"
        case 417: "HTTP/1.1 417 Expectation Failed\r\n"
        case 421: "HTTP/1.1 421 Misdirected Request\r\n"
        case 422: "HTTP/1.1 422 Unprocessable Content\r\n"
        case 426: "HTTP/1.1 426 Upgrade Required\r\n"
        case 428: "HTTP/1.1 428 Precondition Required\r\n"
        case 429: "HTTP/1.1 429 Too Many Requests\r\n"
        case 431: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
        case 500: "HTTP/1.1 500 Internal Server Error\r\n"
        case 501: "HTTP/1.1 501 Not Implemented\r\n"
        case 502: "HTTP/1.1 502 Bad Gateway\r\n"
        case 503: "HTTP/1.1 503 Service Unavailable\r\n"
        case 504: "HTTP/1.1 504 Gateway Timeout\r\n"
        case 505: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
        case 507: "HTTP/1.1 507 Insufficient Storage\r\n"
        default: nil
        }
    }
}
