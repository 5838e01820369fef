/// The framing of a body and the life of its connection, gathered from the field lines of a head one by one.
struct FramingFields {
    private(set) var fieldCount = 0
    private var hasHost = false
    private var hasTransferEncoding = false
    private var endsInChunked = false
    private var chunkedCount = 0
    private var hasUnknownCoding = false
    private var saysClose = false
    private var saysKeepAlive = false
    private var hasOtherExpectation = false
    private(set) var expectsContinue = false
    /// The value of Content-Length, -1 without one, saturated at Int.max.
    private(set) var contentLength = -1

    /// How the body is framed (RFC 9112 section 6.3).
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// Checks a field line without its CRLF and keeps what matters for framing.
    mutating func add(_ line: UnsafeBufferPointer<UInt8>) throws(RequestRejection) {
        let nameLength = try Self.nameLength(line)
        fieldCount += 1
        switch nameLength {
        case 4, 6, 10, 14, 17: break
        default: return
        }
        let name = UnsafeBufferPointer(rebasing: line[..<nameLength])
        let value = ByteClass.trimmed(UnsafeBufferPointer(rebasing: line[(nameLength + 1)...]))
        switch nameLength {
        case 4 where ByteClass.matches(name, "host"):
            guard !hasHost else { throw RequestRejection(400, "the request has more than one Host field") }
            guard HostField.isValid(value) else { throw RequestRejection(400, "the Host field is invalid") }
            hasHost = true
        case 6 where ByteClass.matches(name, "expect"):
            if ByteClass.matches(value, "100-continue") { expectsContinue = true } else { hasOtherExpectation = true }
        case 10 where ByteClass.matches(name, "connection"):
            Self.forEachElement(value) { element in
                if ByteClass.matches(element, "close") { saysClose = true }
                if ByteClass.matches(element, "keep-alive") { saysKeepAlive = true }
            }
        case 14 where ByteClass.matches(name, "content-length"):
            try addContentLength(value)
        case 17 where ByteClass.matches(name, "transfer-encoding"):
            hasTransferEncoding = true
            endsInChunked = false
            Self.forEachElement(value) { element in
                endsInChunked = ByteClass.matches(element, "chunked")
                if endsInChunked { chunkedCount += 1 } else { hasUnknownCoding = true }
            }
        default: break
        }
    }

    /// Validates a field line (RFC 9112 section 5) and returns the length of its name.
    static func nameLength(_ line: UnsafeBufferPointer<UInt8>) throws(RequestRejection) -> Int {
        if line[0] == ByteClass.space || line[0] == ByteClass.tab {
            throw RequestRejection(400, "a field line begins with white space")
        }
        var colon = 0
        while colon < line.count, ByteClass.isToken(line[colon]) { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else {
            throw RequestRejection(400, "a field line is not a name, a colon and a value")
        }
        var index = colon + 1
        while index < line.count {
            guard ByteClass.isFieldValue(line[index]) else {
                throw RequestRejection(400, "a field value holds a control character")
            }
            index += 1
        }
        return colon
    }

    private mutating func addContentLength(_ value: UnsafeBufferPointer<UInt8>) throws(RequestRejection) {
        guard contentLength < 0 else { throw RequestRejection(400, "the request has more than one Content-Length") }
        guard value.count > 0 else { throw RequestRejection(400, "the Content-Length is empty") }
        var length = 0
        for byte in value {
            guard ByteClass.isDigit(byte) else { throw RequestRejection(400, "the Content-Length is not a number") }
            let (product, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte &- 0x30))
            length = overflow || carry ? Int.max / 10 : sum
        }
        contentLength = length
    }

    /// Runs `body` on each comma-separated element, trimmed; an empty list has one empty element.
    private static func forEachElement(
        _ value: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        var start = 0
        for index in 0...value.count where index == value.count || value[index] == UInt8(ascii: ",") {
            body(ByteClass.trimmed(UnsafeBufferPointer(rebasing: value[start..<index])))
            start = index + 1
        }
    }

    /// The rules over all fields together, once the head is complete.
    func body(minorVersion: Int) throws(RequestRejection) -> Body {
        guard hasHost || minorVersion == 0 else { throw RequestRejection(400, "the request has no Host field") }
        if hasTransferEncoding {
            guard minorVersion > 0 else { throw RequestRejection(400, "HTTP/1.0 has no Transfer-Encoding") }
            guard contentLength < 0 else {
                throw RequestRejection(400, "the request has both Content-Length and Transfer-Encoding")
            }
            guard endsInChunked, chunkedCount == 1 else {
                throw RequestRejection(400, "the Transfer-Encoding does not end in one chunked")
            }
            guard !hasUnknownCoding else {
                throw RequestRejection(501, "the only transfer coding understood here is chunked")
            }
        }
        if hasOtherExpectation, minorVersion > 0 {
            throw RequestRejection(417, "the only expectation met here is 100-continue")
        }
        if hasTransferEncoding { return .chunked }
        return contentLength > 0 ? .length(contentLength) : .none
    }

    /// Whether the connection stays open after the response (RFC 9112 section 9.3).
    func keepsAlive(minorVersion: Int) -> Bool {
        !saysClose && (minorVersion > 0 || saysKeepAlive)
    }
}
