import HTTPSemantics
import HTTPServer

/// A file that browsers load, the same in every answer: its bytes, its type and its entity tag.
struct WebFile: Sendable {
    let body: [UInt8]
    let contentType: String
    /// Strong: a hash of the bytes.
    let entityTag: String
    /// What its answers carry beside the fields of every file.
    var fields: [(name: StaticString, value: String)] = []

    init(_ body: [UInt8], contentType: String) {
        self.body = body
        self.contentType = contentType
        entityTag = body.withUnsafeBytes { ContentHash.entityTag($0, suffix: "w") }
    }

    /// 200 with the file, or 304 where the client has it (RFC 9110 section 13.1.2).
    func respond(to request: HTTPRequest) -> HTTPResponse {
        var answer = HTTPFields()
        answer.add("ETag", entityTag)
        // Asked for again each time, and answered 304: a new version of the service is seen at the next load.
        answer.add("Cache-Control", "no-cache")
        for (name, value) in fields { answer.add(name, value) }
        if let known = request.header("if-none-match"), ConditionalRequest.matches(known, entityTag) {
            return HTTPResponse(status: 304, fields: answer)
        }
        answer.add("Content-Type", contentType)
        return HTTPResponse(status: 200, fields: answer, body: .bytes(body))
    }
}
