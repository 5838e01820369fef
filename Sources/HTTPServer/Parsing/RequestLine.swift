import Basics

/// A request line (RFC 9112 section 3), as offsets from the beginning of the line.
struct RequestLine {
    var method: HTTPMethod
    var minorVersion: Int
    var path: Range<Int>
    var query: Range<Int>?
    /// The host of an absolute-form target.
    var authority: Range<Int>?

    /// The bytes kept of a pair that an error shows.
    private static let shownPairBytes = 512

    /// Parses a line without its CRLF.
    init(_ line: UnsafeBufferPointer<UInt8>) throws(RequestRejection) {
        var methodEnd = 0
        while methodEnd < line.count, ByteClass.isToken(line[methodEnd]) { methodEnd += 1 }
        guard methodEnd > 0, methodEnd < line.count, line[methodEnd] == ByteClass.space else {
            throw RequestRejection(400, "the request line does not begin with a method and one space")
        }
        if Self.isProxyHeader(line) { throw .unexpectedProxyHeader }
        let targetStart = methodEnd + 1
        var targetEnd = targetStart
        var question = -1
        while targetEnd < line.count, line[targetEnd] != ByteClass.space {
            let byte = line[targetEnd]
            guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else {
                throw RequestRejection(
                    400,
                    "the request target holds a character that must be percent-encoded",
                    pair: Self.pair(line, at: targetEnd, question: question)
                )
            }
            if byte == UInt8(ascii: "?"), question < 0 { question = targetEnd }
            if byte == UInt8(ascii: "%") { try Self.checkEscape(line, at: targetEnd, question: question) }
            targetEnd += 1
        }
        guard targetEnd > targetStart, targetEnd < line.count else {
            throw RequestRejection(
                400,
                "the request line needs a method, a target and a version, with one space between"
            )
        }
        let rest = UnsafeBufferPointer(rebasing: line[(targetEnd + 1)...])
        minorVersion = try Self.minorVersion(rest)
        method = HTTPMethod(token: UnsafeBufferPointer(rebasing: line[..<methodEnd]))
        path = targetStart..<(question < 0 ? targetEnd : question)
        query = question < 0 ? nil : question + 1..<targetEnd
        if line[targetStart] != UInt8(ascii: "/") { try adoptOtherForm(line) }
    }

    /// Whether the line is a PROXY protocol header. A request whose method is PROXY has another target.
    private static func isProxyHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        guard line.starts(with: ProxyHeader.word) else { return false }
        let family = line.dropFirst(ProxyHeader.word.count).prefix { $0 != ByteClass.space }
        return ["TCP4", "TCP6", "UNKNOWN"].contains { family.elementsEqual($0.utf8) }
    }

    private static func checkEscape(
        _ line: UnsafeBufferPointer<UInt8>,
        at index: Int,
        question: Int
    ) throws(RequestRejection) {
        guard index + 2 < line.count, let high = Hex.value(line[index + 1]),
            let low = Hex.value(line[index + 2])
        else {
            throw RequestRejection(
                400,
                "the request target holds an invalid percent-escape: two hexadecimal digits follow a %, and %25 is a % itself",
                pair: pair(line, at: index, question: question)
            )
        }
        if high == 0, low == 0 {
            throw RequestRejection(
                400,
                "the request target holds %00, which stands for nothing that is allowed here",
                pair: pair(line, at: index, question: question)
            )
        }
    }

    /// The pair of the query that holds the byte at `index`, as it was sent and cut; nil before the query, which begins behind
    /// `question`.
    private static func pair(_ line: UnsafeBufferPointer<UInt8>, at index: Int, question: Int) -> [UInt8]? {
        guard question >= 0 else { return nil }
        let before = line[(question + 1)..<index]
        let start = before.lastIndex(of: UInt8(ascii: "&")).map { $0 + 1 } ?? before.startIndex
        let rest = line[start...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "&") || $0 == ByteClass.space } ?? rest.endIndex
        return Array(line[start..<min(end, start + shownPairBytes)])
    }

    /// `HTTP/1.x`, upper case, one digit each (RFC 9112 section 2.3); a higher minor version is served as 1.1.
    private static func minorVersion(_ text: UnsafeBufferPointer<UInt8>) throws(RequestRejection) -> Int {
        let name: StaticString = "HTTP/"
        var isVersion = text.count == 8 && text[6] == UInt8(ascii: ".")
        for index in 0..<5 where isVersion { isVersion = text[index] == name.utf8Start[index] }
        guard isVersion, ByteClass.isDigit(text[5]), ByteClass.isDigit(text[7]) else {
            throw RequestRejection(400, "the request line does not end in a version such as HTTP/1.1")
        }
        guard text[5] == UInt8(ascii: "1") else {
            throw RequestRejection(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        return text[7] == UInt8(ascii: "0") ? 0 : 1
    }

    /// asterisk-form and absolute-form (RFC 9112 sections 3.2.2 and 3.2.4).
    private mutating func adoptOtherForm(_ line: UnsafeBufferPointer<UInt8>) throws(RequestRejection) {
        let target = UnsafeBufferPointer(rebasing: line[path])
        if target.count == 1, target[0] == UInt8(ascii: "*"), query == nil {
            guard method == .options else { throw RequestRejection(400, "the target * is for OPTIONS only") }
            return
        }
        var authorityStart = 0
        if target.count > 7, ByteClass.matches(UnsafeBufferPointer(rebasing: target[..<7]), "http://") {
            authorityStart = 7
        }
        if target.count > 8, ByteClass.matches(UnsafeBufferPointer(rebasing: target[..<8]), "https://") {
            authorityStart = 8
        }
        guard authorityStart > 0 else {
            throw RequestRejection(400, "the request target is neither a path nor an http URL")
        }
        let authorityEnd = target[authorityStart...].firstIndex(of: UInt8(ascii: "/")) ?? target.count
        guard HostField.isValid(UnsafeBufferPointer(rebasing: target[authorityStart..<authorityEnd])) else {
            throw RequestRejection(400, "the request target's host is invalid")
        }
        authority = path.lowerBound + authorityStart..<path.lowerBound + authorityEnd
        path = path.lowerBound + authorityEnd..<path.upperBound
    }
}
