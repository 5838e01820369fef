import HTTPSemantics
import HTTPServer

/// A file that browsers load, the same in every answer: its bytes, its type and its entity tag.
struct WebFile: Sendable {
    /// How long browsers keep a file (RFC 9111 section 5.2.2, RFC 8246).
    enum Caching: String {
        /// They ask again each time, and get 304: the next load sees a new version of the service.
        case askedEachTime = "no-cache"
        /// For a path whose contents never change.
        case forGood = "max-age=31536000, immutable"
    }

    let body: [UInt8]
    let contentType: String
    /// Strong: a hash of the bytes.
    let entityTag: String
    private let caching: Caching
    /// What its answers carry beside the fields of every file.
    var fields: [(name: StaticString, value: String)] = []

    init(_ body: [UInt8], contentType: String, caching: Caching = .askedEachTime) {
        self.body = body
        self.contentType = contentType
        self.caching = caching
        entityTag = body.withUnsafeBytes { ContentHash.entityTag($0, suffix: "w") }
    }

    /// 200 with the file, or 304 where the client has it (RFC 9110 section 13.1.2).
    func respond(to call: APICall, _ limits: APILimits) -> HTTPResponse {
        var answer = HTTPFields()
        answer.add("ETag", entityTag)
        answer.add("Cache-Control", caching.rawValue)
        for (name, value) in fields { answer.add(name, value) }
        if let known = call.header(.ifNoneMatch), ConditionalRequest.matches(known, entityTag) {
            if ContentCoding.compresses(for: call, limits, count: { body.count }) { answer.weakenEntityTag() }
            return HTTPResponse(status: 304, fields: answer)
        }
        answer.add("Content-Type", contentType)
        return HTTPResponse(status: 200, fields: answer, body: .bytes(body))
    }
}
