/// A response as it came, and the rules that every response keeps (M30 to M36).
struct CaseResponse {
    let status: Int
    let fields: [(name: String, value: String)]
    var body: [UInt8] = []

    /// Fields that a response may have more than once (RFC 9110 section 5.3).
    private static let lists: Set<String> = ["vary", "link", "set-cookie", "www-authenticate", "server-timing"]

    init(head: [UInt8]) throws(CaseFailure) {
        let lines = String(decoding: head.dropLast(4), as: UTF8.self).split(
            separator: "\r\n",
            omittingEmptySubsequences: false
        )
        let statusLine = lines[0]
        // The space after the status stands also when no phrase follows (RFC 9112 section 4).
        guard statusLine.hasPrefix("HTTP/1.1 "), let status = Int(statusLine.dropFirst(9).prefix(3)),
            statusLine.dropFirst(12).hasPrefix(" ")
        else { throw CaseFailure("status line \(String(statusLine).debugDescription)") }
        self.status = status
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), !line[..<colon].contains(" ") else {
                throw CaseFailure("field line \(String(line).debugDescription)")
            }
            fields.append((line[..<colon].lowercased(), String(line[colon...].dropFirst(2))))
        }
        self.fields = fields
        try checkFields()
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    var isBodyless: Bool { status < 200 || status == 204 || status == 304 }

    private func checkFields() throws(CaseFailure) {
        let names = fields.map(\.name)
        for name in Set(names) where !Self.lists.contains(name) && names.filter({ $0 == name }).count > 1 {
            throw CaseFailure("\(name) stands more than once in a \(status)")
        }
        let hasLength = names.contains("content-length")
        let hasCoding = names.contains("transfer-encoding")
        if hasLength, hasCoding { throw CaseFailure("both Content-Length and Transfer-Encoding") }
        if isBodyless, hasLength || hasCoding { throw CaseFailure("a \(status) with a body's length") }
        guard status >= 200 else { return }
        // `Sun, 06 Nov 1994 08:49:37 GMT`: digits as 0.
        let shape = (self["date"] ?? "").utf8.map { $0 >= 48 && $0 <= 57 ? 48 : $0 }
        let letters: Set<Int> = [0, 1, 2, 8, 9, 10]
        let model = Array("Sun, 00 Nov 0000 00:00:00 GMT".utf8)
        let isDate =
            shape.count == model.count && shape.indices.allSatisfy { letters.contains($0) || shape[$0] == model[$0] }
        if !isDate { throw CaseFailure("Date: \(self["date"] ?? "absent")") }
        if !isBodyless, self["content-length"] != "0", self["content-type"] == nil {
            throw CaseFailure("a body without a Content-Type in a \(status)")
        }
        if let ranges = self["accept-ranges"], ranges != "none" { throw CaseFailure("Accept-Ranges: \(ranges)") }
        if self["cache-control"] == nil { throw CaseFailure("a \(status) without Cache-Control") }
        if status >= 400, self["cache-control"] != "no-store" { throw CaseFailure("a \(status) that may be stored") }
    }

    func check(_ expected: HTTPCase.Reply) throws(CaseFailure) {
        let text = String(decoding: body, as: UTF8.self)
        if expected.status != 0, status != expected.status {
            throw CaseFailure("\(status) instead of \(expected.status): \(text)")
        }
        for (name, value) in expected.fields where self[name] == nil || value != nil && self[name] != value {
            throw CaseFailure("\(name) is \(self[name] ?? "absent") instead of \(value ?? "there")")
        }
        for name in expected.absent where self[name] != nil {
            throw CaseFailure("\(name) is there: \(self[name] ?? "")")
        }
        if let wanted = expected.body, body != wanted { throw CaseFailure("the body is \(text.debugDescription)") }
        for part in expected.bodyHolds where !text.contains(String(decoding: part, as: UTF8.self)) {
            throw CaseFailure(
                "the body \(text.debugDescription) does not hold \(String(decoding: part, as: UTF8.self))"
            )
        }
    }
}
