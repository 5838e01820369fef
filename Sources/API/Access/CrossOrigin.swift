package import HTTPSemantics
package import HTTPServer

/// The fields that tell browsers which pages may read a response (the CORS protocol of the Fetch standard), that no
/// page may embed it, and that its type is as declared. No page may send cookies: a client with a token sends
/// `Authorization`, which a preflight allows.
package struct CrossOrigin: ResponseFinisher {
    private static let exposed =
        "Replica-Position, Replica-Lag, Replica-State, ETag, Link, Preference-Applied, Retry-After, X-Request-Id"
    /// Ours, and those that libraries of tracing and of requests add to every request.
    private static let requestFields = [
        "Accept", "Authorization", "baggage", "Cache-Control", "Content-Type", "If-Match", "If-Modified-Since",
        "If-None-Match", "Last-Event-ID", "Prefer", "sentry-trace", "traceparent", "tracestate", "X-Request-Id",
        "X-Requested-With",
    ]
    /// The paths that carry no data: their modules may be imported from anywhere, and embedded.
    private static let openPaths = ["/client.js", "/client.d.ts", WebModules.Folder.client.pattern]

    private let origins: AllowedOrigins
    /// Nil where any origin may read.
    private let allowed: [String: HTTPFields]?
    /// For any origin; or for requests of no allowed one.
    private let common: HTTPFields
    private let open: HTTPFields
    private let preflight: HTTPFields
    private let refused: RefusedNames?
    /// Whether responses differ by origin.
    private let varies: Bool

    /// Makes the fields of all responses. `requestFields` are further ones that pages may send. `refused` says of each origin that may
    /// not read how to let it.
    package init(
        _ origins: AllowedOrigins,
        requestFields: FieldNames = FieldNames(),
        refused: RefusedNames? = nil
    ) {
        self.origins = origins
        self.refused = refused
        switch origins {
        case .any:
            allowed = nil
            varies = false
            common = Self.fields(allowing: "*")
        case .only(let list, let loopback):
            var allowed: [String: HTTPFields] = [:]
            for origin in list { allowed[origin] = Self.fields(allowing: origin) }
            self.allowed = allowed
            // Also without an origin: a cache must not give this response to a page that may read.
            varies = !list.isEmpty || loopback
            common = Self.fields(allowing: nil)
        }
        open = Self.fields(allowing: "*", resourcePolicy: "cross-origin")
        var preflight = HTTPFields()
        preflight.add("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
        preflight.add("Access-Control-Allow-Headers", FieldNames(Self.requestFields).adding(requestFields).text)
        preflight.add("Access-Control-Max-Age", "86400")
        self.preflight = preflight
    }

    /// Adds what every response says of it, and to a response to OPTIONS what a preflight asks for.
    package func finish(_ response: inout HTTPResponse, for request: HTTPRequest?) {
        if let route = response.route, Self.openPaths.contains(route.pattern) {
            response.fields.append(open)
            return
        }
        var isAllowed = true
        if let allowed {
            let known = request.flatMap { fields(for: $0, allowed) }
            response.fields.append(known ?? common)
            if varies { response.fields.vary(on: "Origin") }
            isAllowed = known != nil
        } else {
            response.fields.append(common)
        }
        guard let request, request.method == .options else { return }
        if isAllowed { response.fields.append(preflight) }
        if !response.fields.contains("cache-control") { response.fields.add("Cache-Control", "no-store") }
    }

    /// The fields for a request of an origin that may read; nil without an origin, or for one that may not.
    private func fields(for request: HTTPRequest, _ allowed: [String: HTTPFields]) -> HTTPFields? {
        guard let origin = request.header("origin") else { return nil }
        if let fields = allowed[origin] { return fields }
        if case .only(_, loopback: true) = origins, AllowedOrigins.isLoopback(origin) {
            return Self.fields(allowing: origin)
        }
        if let refused, !Self.isOwn(origin, request) { note(origin, refused) }
        return nil
    }

    /// Whether a request comes from a page of the service itself, behind a proxy too: browsers send Origin with each POST.
    private static func isOwn(_ origin: String, _ request: HTTPRequest) -> Bool {
        if request.header("sec-fetch-site") == "same-origin" { return true }
        guard let host = request.header("host") else { return false }
        return origin == "http://" + host || origin == "https://" + host
    }

    private func note(_ origin: String, _ refused: RefusedNames) {
        let shown = QueryParameters.shown(origin)
        let flag = "--cors-origin"
        refused.note(shown) {
            guard AllowedOrigins.isOrigin(origin[...]) else {
                return
                    "pages of the origin \(shown) may not read, and their browser does not tell them why: only \(flag) '*' lets "
                    + "pages without a web address of their own read, and all others too"
            }
            let way =
                switch origins {
                case .only(_, loopback: true): "start the service with \(flag) loopback,\(shown)"
                case .only(let list, _) where !list.isEmpty: "add \(flag) \(shown)"
                case .only, .any: "start the service with \(flag) \(shown)"
                }
            return
                "pages of the origin \(shown) may not read, and their browser does not tell them why: to let them, \(way)"
        }
    }

    /// A resource policy binds what is embedded without CORS, such as an image or a script; what CORS allows is not asked for it.
    private static func fields(
        allowing origin: String?,
        resourcePolicy: String = "same-origin"
    ) -> HTTPFields {
        var fields = HTTPFields()
        fields.add("X-Content-Type-Options", "nosniff")
        fields.add("Cross-Origin-Resource-Policy", resourcePolicy)
        if let origin {
            fields.add("Access-Control-Allow-Origin", origin)
            fields.add("Access-Control-Expose-Headers", exposed)
        }
        return fields
    }
}
