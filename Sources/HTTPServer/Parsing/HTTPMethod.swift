/// A request method (RFC 9110 section 9). `other` is a well-formed token that no registry entry we know names.
package enum HTTPMethod: Sendable, Hashable {
    case get, head, post, put, delete, options, patch, connect, trace, query
    case other(String)

    /// The method as it stands in a request line.
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .patch: "PATCH"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .query: "QUERY"
        case .other(let name): name
        }
    }

    var code: MethodCode {
        switch self {
        case .get: .get
        case .head: .head
        case .post: .post
        case .put: .put
        case .delete: .delete
        case .options: .options
        case .patch: .patch
        case .connect: .connect
        case .trace: .trace
        case .query: .query
        case .other: .other
        }
    }
}

/// A method in one byte: what parser, router and connections pass around.
enum MethodCode: UInt8 {
    case get, head, post, put, delete, options, patch, connect, trace, query
    case other

    /// The method that a token names; methods are case-sensitive (RFC 9110 section 9.1).
    init(token: UnsafeBufferPointer<UInt8>) {
        if token.count == 3, token[0] == UInt8(ascii: "G"), token[1] == UInt8(ascii: "E"), token[2] == UInt8(ascii: "T")
        {
            self = .get
            return
        }
        switch String(decoding: token, as: UTF8.self) {
        case "HEAD": self = .head
        case "POST": self = .post
        case "PUT": self = .put
        case "DELETE": self = .delete
        case "OPTIONS": self = .options
        case "PATCH": self = .patch
        case "CONNECT": self = .connect
        case "TRACE": self = .trace
        case "QUERY": self = .query
        default: self = .other
        }
    }

    /// The method; `token` gives the name of one that is not known.
    func method(token: @autoclosure () -> String) -> HTTPMethod {
        switch self {
        case .get: .get
        case .head: .head
        case .post: .post
        case .put: .put
        case .delete: .delete
        case .options: .options
        case .patch: .patch
        case .connect: .connect
        case .trace: .trace
        case .query: .query
        case .other: .other(token())
        }
    }
}
