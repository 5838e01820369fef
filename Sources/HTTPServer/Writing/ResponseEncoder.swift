import HTTPSemantics

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
        case .pending: preconditionFailure("a pending response must not end in another pending one")
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
        if response.status == 200 {
            output.append("HTTP/1.1 200 OK\r\n")
        } else {
            output.append("HTTP/1.1 ")
            output.append(decimal: response.status)
            // A status without a phrase keeps the space before it (RFC 9112 section 4).
            output.append(" ")
            output.append(ReasonPhrase.of(response.status) ?? "")
            output.append("\r\n")
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
}
