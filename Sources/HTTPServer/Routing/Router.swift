/// Finds the handler of a request by method and path, and answers 404, 405 (with Allow), OPTIONS and HEAD by itself.
///
/// A route of GET answers HEAD too. Registered methods without a route are 405, unknown ones 501 (RFC 9110 section
/// 9.1).
package struct Router: HTTPHandler {
    /// What a route does. Runs on an event loop and must not block.
    package typealias Action = @Sendable (HTTPRequest, PathParameters) -> HTTPResponse

    private var tree = RouteTree()
    private let problem: @Sendable (Int, String, HTTPFields, String?) -> HTTPResponse
    private let rejected: @Sendable (RejectedRequest) -> HTTPResponse
    private let finishers: ResponseFinishers
    /// Looks at every request before its route is looked for, and answers those that must not get there; nil admits all.
    package var refusal: (@Sendable (HTTPRequest) -> HTTPResponse?)?

    /// `finishers` complete every response, in this order. `problem` makes the router's own errors, with the fields that are given
    /// (such as Allow) and the request's id; `rejected` the response to bytes that never became a request, like `problem` unless it
    /// is given.
    package init(
        finishers: [any ResponseFinisher] = [],
        problem:
            @escaping @Sendable (
                _ status: Int,
                _ detail: String,
                _ fields: HTTPFields,
                _ requestID: String?
            ) -> HTTPResponse,
        rejected: (@Sendable (RejectedRequest) -> HTTPResponse)? = nil
    ) {
        self.finishers = ResponseFinishers(list: finishers)
        self.problem = problem
        self.rejected = rejected ?? { problem($0.status, $0.reason, HTTPFields(), $0.id) }
    }

    /// Adds a route. `pattern` is literal segments and up to four `{name}` parameters: "/v1/items/{pk}/{sk}". A
    /// parameter never matches an empty segment. Where a literal and a parameter fit, the literal wins if it has the
    /// method. `isProbe` says that requests to it are health probes (`HTTPHandler.isProbe`).
    package mutating func on(
        _ method: HTTPMethod,
        _ pattern: String,
        isProbe: Bool = false,
        _ action: @escaping Action
    ) {
        tree.add(method, pattern, isProbe: isProbe, action)
    }

    package func isProbe(_ request: HTTPRequest) -> Bool {
        var segments = RouteTree.Segments(repeating: 0..<0)
        return find(request.head, &segments)?.isProbe ?? false
    }

    package func respond(to request: HTTPRequest) -> HTTPResponse {
        var response = refusal?(request) ?? route(request)
        finishers.finish(&response, for: request)
        return response
    }

    package func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse {
        var response = self.rejected(rejected)
        finishers.finish(&response, for: nil)
        return response
    }

    private func route(_ request: HTTPRequest) -> HTTPResponse {
        let head = request.head
        var segments = RouteTree.Segments(repeating: 0..<0)
        guard let endpoint = find(head, &segments) else { return refuse(request) }
        let parameters = PathParameters(head: head.bytes, names: endpoint.names, segments: segments)
        var response = endpoint.action(request, parameters)
        response.route = endpoint.route
        return response
    }

    private func find(_ head: RequestHead, _ segments: inout RouteTree.Segments) -> RouteTree.Endpoint? {
        let found = find(head.method, head, &segments)
        if found == nil, head.method == .head { return find(.get, head, &segments) }
        return found
    }

    private func find(
        _ method: HTTPMethod,
        _ head: RequestHead,
        _ segments: inout RouteTree.Segments
    ) -> RouteTree.Endpoint? {
        head.bytes.withUnsafeBufferPointer { tree.endpoint(method, head.path, in: $0, segments: &segments) }
    }

    /// Responds to a request that no route takes.
    private func refuse(_ request: HTTPRequest) -> HTTPResponse {
        if case .other(let name) = request.method {
            return problem(501, "the method \(name) is not known here", HTTPFields(), request.id)
        }
        if request.isAsterisk { return HTTPResponse(status: 204, fields: Self.allow(Self.answered(tree.methods))) }
        let head = request.head
        let routed = head.bytes.withUnsafeBufferPointer { tree.methods(at: head.path, in: $0) }
        guard !routed.isEmpty else {
            return problem(404, "there is nothing at this path", HTTPFields(), request.id)
        }
        let allowed = Self.answered(routed)
        if request.method == .options { return HTTPResponse(status: 204, fields: Self.allow(allowed)) }
        let detail = "\(request.method.name) is not allowed here; allowed: \(allowed)"
        return problem(405, detail, Self.allow(allowed), request.id)
    }

    /// The methods that a path with routes of `methods` answers, as Allow lists them (RFC 9110 section 10.2.1).
    private static func answered(_ methods: [HTTPMethod]) -> String {
        var allowed = methods
        if allowed.contains(.get), !allowed.contains(.head) { allowed.append(.head) }
        if !allowed.contains(.options) { allowed.append(.options) }
        return allowed.map(\.name).joined(separator: ", ")
    }

    private static func allow(_ list: String) -> HTTPFields {
        var fields = HTTPFields()
        fields.add("Allow", list)
        return fields
    }
}
