/// A route's path parameters by name, percent-decoded bytes.
package struct PathParameters: Sendable {
    package subscript(name: String) -> [UInt8] { fatalError("contract") }
}

/// Finds the handler of a request by method and path, and answers 404, 405 (with Allow), OPTIONS and HEAD by itself.
///
/// A route of GET answers HEAD too. Registered methods without a route are 405, unknown ones 501 (RFC 9110 section 9.1).
package struct Router: HTTPHandler {
    /// What a route does. Runs on an event loop and must not block.
    package typealias Action = @Sendable (HTTPRequest, PathParameters) -> HTTPResponse

    /// `problem` makes the body of the router's own errors (status, sentence, fields such as Allow already set); `decorate` runs
    /// last on every response (CORS, request ids).
    package init(
        problem: @escaping @Sendable (_ status: Int, _ detail: String, _ fields: HTTPFields) -> HTTPResponse,
        decorate: @escaping @Sendable (HTTPRequest?, inout HTTPResponse) -> Void
    ) { fatalError("contract") }

    /// Adds a route. `pattern` is literal segments and `{name}` parameters: "/v1/items/{pk}/{sk}".
    package mutating func on(_ method: HTTPMethod, _ pattern: String, _ action: @escaping Action) { fatalError("contract") }

    package func respond(to request: HTTPRequest) -> HTTPResponse { fatalError("contract") }
    package func respondToRejected(status: Int, reason: String) -> HTTPResponse { fatalError("contract") }
}
