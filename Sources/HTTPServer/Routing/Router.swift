/// Finds the handler of a request by method and path, and answers 404, 405 (with Allow), OPTIONS and HEAD by itself.
///
/// A route of GET answers HEAD too. Registered methods without a route are 405, unknown ones 501 (RFC 9110 section
/// 9.1).
package struct Router: HTTPHandler {
    /// What a route does. Runs on an event loop and must not block.
    package typealias Action = @Sendable (HTTPRequest, PathParameters) -> HTTPResponse

    private var tree = RouteTree()
    private let problem: @Sendable (Int, String, HTTPFields) -> HTTPResponse
    private let rejected: @Sendable (RejectedRequest) -> HTTPResponse
    private let decorate: @Sendable (HTTPRequest?, inout HTTPResponse) -> Void
    /// Looks at every request before its route is looked for, and answers those that must not get there; nil admits all.
    package var refusal: (@Sendable (HTTPRequest) -> HTTPResponse?)?

    /// `problem` makes the body of the router's own errors (status, sentence, fields such as Allow already set); `rejected`
    /// the answer to what never became a request, like `problem` unless it is given; `decorate` runs last on every response (CORS, request ids).
    package init(
        problem: @escaping @Sendable (_ status: Int, _ detail: String, _ fields: HTTPFields) -> HTTPResponse,
        rejected: (@Sendable (RejectedRequest) -> HTTPResponse)? = nil,
        decorate: @escaping @Sendable (HTTPRequest?, inout HTTPResponse) -> Void
    ) {
        self.problem = problem
        self.rejected = rejected ?? { problem($0.status, $0.reason, HTTPFields()) }
        self.decorate = decorate
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
        if case .pending(let answer) = response.body {
            let decorated = DecoratedResponse(
                answer,
                to: request,
                route: response.route,
                principal: response.principal,
                decorate: decorate
            )
            response.body = .pending(decorated)
            return response
        }
        decorate(request, &response)
        return response
    }

    package func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse {
        var response = self.rejected(rejected)
        decorate(nil, &response)
        return response
    }

    private func route(_ request: HTTPRequest) -> HTTPResponse {
        let head = request.head
        var segments = RouteTree.Segments(repeating: 0..<0)
        guard let route = find(head, &segments) else { return refuse(request) }
        let parameters = PathParameters(head: head.bytes, names: route.names, segments: segments)
        var response = route.action(request, parameters)
        response.route = route.pattern
        return response
    }

    private func find(_ head: RequestHead, _ segments: inout RouteTree.Segments) -> RouteTree.Route? {
        let found = find(head.method, head, &segments)
        if found == nil, head.method == .head { return find(.get, head, &segments) }
        return found
    }

    private func find(_ method: HTTPMethod, _ head: RequestHead, _ segments: inout RouteTree.Segments) -> RouteTree
        .Route?
    {
        head.bytes.withUnsafeBufferPointer { tree.route(method, head.path, in: $0, segments: &segments) }
    }

    /// What a request gets that no route takes.
    private func refuse(_ request: HTTPRequest) -> HTTPResponse {
        if case .other(let name) = request.method {
            return problem(501, "the method \(name) is not known here", HTTPFields())
        }
        if request.isAsterisk { return allowing(tree.methods, status: 204) }
        let head = request.head
        let allowed = head.bytes.withUnsafeBufferPointer { tree.methods(at: head.path, in: $0) }
        guard !allowed.isEmpty else {
            return problem(404, "there is nothing at this path", HTTPFields())
        }
        return allowing(allowed, status: request.method == .options ? 204 : 405, method: request.method)
    }

    /// 204 or 405 with the methods that the path takes (RFC 9110 section 10.2.1).
    private func allowing(_ methods: [HTTPMethod], status: Int, method: HTTPMethod = .options) -> HTTPResponse {
        var allowed = methods
        if allowed.contains(.get), !allowed.contains(.head) { allowed.append(.head) }
        if !allowed.contains(.options) { allowed.append(.options) }
        let list = allowed.map(\.name).joined(separator: ", ")
        var fields = HTTPFields()
        fields.add("Allow", list)
        guard status == 405 else { return HTTPResponse(status: status, fields: fields) }
        return problem(405, "\(method.name) is not allowed here; allowed: \(list)", fields)
    }
}
