package import HTTPServer

/// One operation of the API: its method and path, the query parameters that it takes, the scope that a token needs, and its action.
package struct Operation: Sendable {
    /// What an operation does. Runs on an event loop and must not block.
    typealias Action = @Sendable (API, APICall) throws(Problem) -> HTTPResponse

    /// Who is let in, where tokens are asked for.
    enum Access: Sendable, Hashable {
        /// Everybody: health, the description, the page and the script of the browser.
        case open
        /// Whoever has a token with this scope.
        case scope(AccessScope)

        static let read = Access.scope(.read)
        static let stream = Access.scope(.stream)
        static let metrics = Access.scope(.metrics)
        static let status = Access.scope(.status)
    }

    /// GET answers HEAD too.
    package let method: HTTPMethod
    /// Literal segments and `{name}` parameters, as `openapi.yaml` writes them.
    package let pattern: String
    /// The query parameters that the operation takes; it refuses all others.
    package let parameters: [String]
    let access: Access
    /// Whether the operation shows a token that is restricted to some keys nothing else. Where it does not say so, such a token is
    /// refused: forgetting it must not open anything.
    private(set) var keepsToKeys = false
    /// Whether requests are health probes, which are answered even where all connections are in use.
    private(set) var isProbe = false
    let action: Action

    /// Whether responses have data of the table.
    var hasData: Bool { access == .read || access == .stream }

    /// Whether a ticket may stand for the token: browsers open streams without fields of their own.
    var takesTicket: Bool { method == .get && access == .stream }

    /// This operation, whose answer is short and always there at once, as health.
    func servingProbes() -> Operation {
        var operation = self
        operation.isProbe = true
        return operation
    }

    /// This operation, which asks `APICall.keyRange` or its kin which keys it may show.
    func keepingToKeys() -> Operation {
        var operation = self
        operation.keepsToKeys = true
        return operation
    }

    /// An operation that reads.
    static func get(
        _ pattern: String,
        _ parameters: [String] = [],
        _ access: Access,
        _ action: @escaping Action
    ) -> Operation {
        Operation(method: .get, pattern: pattern, parameters: parameters, access: access, action: action)
    }

    /// An operation that takes a body.
    static func post(
        _ pattern: String,
        _ parameters: [String] = [],
        _ access: Access,
        _ action: @escaping Action
    ) -> Operation {
        Operation(method: .post, pattern: pattern, parameters: parameters, access: access, action: action)
    }
}
