/// A request method (RFC 9110 section 9). `other` is a well-formed token that no registry entry we know names.
package enum HTTPMethod: Sendable, Hashable {
    case get, head, post, put, delete, options, patch, connect, trace, query
    case other(String)
    package var name: String { fatalError("contract") }
}

/// A complete, validated request: head and body.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod { fatalError("contract") }
    /// The minor version of HTTP/1.x.
    package var minorVersion: Int { fatalError("contract") }
    /// The percent-decoded segments of the path, split at `/` before decoding ("/v1/items/a%2Fb" -> v1, items, a/b). Bytes, since
    /// keys need not be UTF-8. An empty last segment is kept ("/v1/items/" has three).
    package var pathSegments: [[UInt8]] { fatalError("contract") }
    /// The path as sent, for logs and errors.
    package var rawPath: String { fatalError("contract") }
    /// The query as sent, without `?`; nil when there was none.
    package var rawQuery: String? { fatalError("contract") }
    /// The query's pairs in order, percent-decoded with `+` as space; bytes that are not UTF-8 throw, naming the parameter.
    package func queryParameters() throws(HTTPQueryError) -> [(name: String, value: String)] { fatalError("contract") }
    /// The value of a field, by lower-case name; several fields of a name are joined with ", ". Nil when absent.
    package func header(_ lowercasedName: String) -> String? { fatalError("contract") }
    package var body: [UInt8] { fatalError("contract") }
    /// The client's address, without its port.
    package var peerAddress: String { fatalError("contract") }
}

/// A query that cannot be read.
package struct HTTPQueryError: Error, Sendable, Hashable {
    package let parameter: String
    package let reason: String
    package init(parameter: String, reason: String) {
        self.parameter = parameter
        self.reason = reason
    }
}

/// A response's fields as the bytes that go on the wire. Values with CR, LF or NUL trap: nothing from a request may be
/// copied here unchecked (RFC 9112 section 11.1).
package struct HTTPFields: Sendable {
    package init() {}
    package mutating func add(_ name: StaticString, _ value: String) { fatalError("contract") }
    package func contains(_ lowercasedName: String) -> Bool { fatalError("contract") }
}

/// What a response carries after its head. The server adds Date, Content-Length or Transfer-Encoding, and Connection.
package enum HTTPBody {
    case none
    case bytes([UInt8])
    case stream(any StreamingBody)
}

/// A response. For HEAD the server sends the head that GET would have and drops the body.
package struct HTTPResponse {
    package var status: Int
    package var fields: HTTPFields
    package var body: HTTPBody
    package init(status: Int, fields: HTTPFields = HTTPFields(), body: HTTPBody = .none) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
