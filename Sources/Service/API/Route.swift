package import HTTPServer

/// One operation of the API: what reaches it, which query parameters it takes, what a token must allow, and what it does.
package struct Route: Sendable {
    /// What an operation does. Runs on an event loop and must not block.
    typealias Action = @Sendable (API, APICall) throws(Problem) -> HTTPResponse

    /// GET answers HEAD too.
    package let method: HTTPMethod
    /// Literal segments and `{name}` parameters, as `openapi.yaml` writes them.
    package let pattern: String
    /// The query parameters that the operation takes; it refuses all others.
    package let parameters: [String]
    /// What a token needs to be let in, where tokens are asked for.
    let scope: AccessScope
    let action: Action

    /// An operation that reads.
    static func get(
        _ pattern: String,
        _ parameters: [String] = [],
        _ scope: AccessScope,
        _ action: @escaping Action
    ) -> Route {
        Route(method: .get, pattern: pattern, parameters: parameters, scope: scope, action: action)
    }

    /// An operation that takes a body.
    static func post(
        _ pattern: String,
        _ parameters: [String] = [],
        _ scope: AccessScope,
        _ action: @escaping Action
    ) -> Route {
        Route(method: .post, pattern: pattern, parameters: parameters, scope: scope, action: action)
    }
}

/// A request on its way to an operation.
struct APICall {
    let request: HTTPRequest
    /// The path's parameters by name.
    let path: PathParameters
}

/// What a token may be good for.
enum AccessScope: String, Sendable, Hashable, CaseIterable {
    /// Nothing is needed: health, the description, the client and the console's page.
    case open
    /// Items as they are.
    case read
    /// Changes as they happen.
    case stream
    /// `/metrics`.
    case metrics
    /// `/v1/status`.
    case status
}
