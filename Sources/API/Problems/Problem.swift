import Basics
import HTTPSemantics
package import HTTPServer
import TableModel

/// An error response (RFC 9457): what kind, what was wrong with this request, and what would be right.
package struct Problem: Error, Sendable, Hashable {
    /// The kinds that a program may want to tell apart; `type` is `urn:tablecast:problem:` and the raw value.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case unknownParameter = "unknown-parameter"
        case repeatedParameter = "repeated-parameter"
        case invalidParameter = "invalid-parameter"
        case invalidKey = "invalid-key"
        case invalidCursor = "invalid-cursor"
        case invalidBody = "invalid-body"
        case itemNotFound = "item-not-found"
        case itemUnreadable = "item-unreadable"
        case tooManyExports = "too-many-exports"
        case preconditionFailed = "precondition-failed"
        case conditionNotMet = "condition-not-met"
        case tooManySubscribers = "too-many-subscribers"
        case tooManyTickets = "too-many-tickets"
        case positionGone = "position-gone"
        case replicaNotReady = "replica-not-ready"
        case replicaTooStale = "replica-too-stale"
        case overloaded = "overloaded"
        case unauthorized = "unauthorized"
        case forbidden = "forbidden"
        case tokenInURL = "token-in-url"
        case misdirectedRequest = "misdirected-request"
        case notAcceptable = "not-acceptable"
        case unsupportedMediaType = "unsupported-media-type"
        case pathNotFound = "path-not-found"
        case methodNotAllowed = "method-not-allowed"
        case methodNotImplemented = "method-not-implemented"
        case malformedRequest = "malformed-request"
        case requestTooLarge = "request-too-large"
        case requestTimeout = "request-timeout"
        case serverError = "server-error"

        /// The kind of an error that the HTTP server or the router found.
        init(status: Int) {
            switch status {
            case 404: self = .pathNotFound
            case 405: self = .methodNotAllowed
            case 501: self = .methodNotImplemented
            case 408: self = .requestTimeout
            case 413, 414, 431: self = .requestTooLarge
            case 503: self = .overloaded
            case 400..<500, 505: self = .malformedRequest
            default: self = .serverError
            }
        }
    }

    package let status: Int
    package let kind: Kind
    /// What was wrong with this request, in a sentence.
    package let detail: String
    /// The parameter it is about.
    package var parameter: String?
    /// Where in the parameter's text, in characters from 1.
    package var column: Int?
    /// What would have been allowed.
    package var allowed: [String]?
    /// Why the replica is as it is, by name.
    package var reasonCode: String?
    /// Seconds after which to retry.
    package var retryAfterSeconds: Int?
    /// The scope that the token lacks; `keys` for one that is restricted to other keys.
    package var scope: String?
    /// Which element of the body it is about, from 0.
    package var index: Int?
    /// The newest position, where the client waited for another.
    package var position: String?
    /// The value of WWW-Authenticate.
    var challenge: String?
    /// Where a feed that cannot be resumed can begin.
    package var restart: String?

    init(
        _ status: Int,
        _ kind: Kind,
        _ detail: String,
        parameter: String? = nil,
        allowed: [String]? = nil,
        reasonCode: String? = nil,
        retryAfterSeconds: Int? = nil,
        scope: String? = nil,
        column: Int? = nil,
        index: Int? = nil,
        position: String? = nil,
        challenge: String? = nil
    ) {
        self.status = status
        self.kind = kind
        self.detail = detail
        self.parameter = parameter
        self.allowed = allowed
        self.reasonCode = reasonCode
        self.retryAfterSeconds = retryAfterSeconds
        self.scope = scope
        self.column = column
        self.index = index
        self.position = position
        self.challenge = challenge
    }

    /// What never became a request: a parameter of its query is named, with its value cut and escaped.
    init(_ rejected: RejectedRequest) {
        guard let parameter = rejected.parameter else {
            self.init(
                rejected.status,
                Kind(status: rejected.status),
                rejected.reason,
                retryAfterSeconds: rejected.status == 503 ? 1 : nil
            )
            return
        }
        let name = QueryParameters.shown(parameter.name)
        let value = QueryParameters.shown(parameter.value)
        self.init(
            rejected.status,
            .invalidParameter,
            "The query parameter '\(name)' cannot be '\(value)': \(rejected.reason).",
            parameter: name
        )
    }

    /// The response. `fields` are those that already belong to it, such as Allow.
    package func response(fields: HTTPFields = HTTPFields()) -> HTTPResponse {
        let body = JSONWriter.object { json in
            json.member("type", "urn:tablecast:problem:\(kind.rawValue)")
            json.member("title", ReasonPhrase.of(status).map { "\($0)" } ?? "Request Refused")
            json.member("status", status)
            json.member("detail", detail)
            if let parameter { json.member("parameter", parameter) }
            if let reasonCode { json.member("reason_code", reasonCode) }
            if let allowed { json.array("allowed", allowed) { $0.string($1) } }
            if let column { json.member("column", column) }
            if let index { json.member("index", index) }
            if let scope { json.member("scope", scope) }
            if let position { json.member("position", position) }
            if let restart { json.member("restart", restart) }
        }
        var fields = fields
        fields.add("Content-Type", "application/problem+json")
        fields.add("Cache-Control", "no-store")
        if let challenge { fields.add("WWW-Authenticate", challenge) }
        if let restart { fields.addLink(restart, "restart") }
        if let retryAfterSeconds { fields.add("Retry-After", String(retryAfterSeconds)) }
        return HTTPResponse(status: status, fields: fields, body: .bytes(body))
    }

    /// Adds the request's id to a response that is a problem, so that a report of it names the request.
    package static func identify(_ response: inout HTTPResponse, _ request: HTTPRequest?) {
        identify(&response, id: response.status >= 400 ? request?.id : nil)
    }

    /// Adds `id` to a response that is a problem.
    static func identify(_ response: inout HTTPResponse, id: String?) {
        guard response.status >= 400, let id, case .bytes(var body) = response.body,
            body.last == UInt8(ascii: "}"), !response.fields.contains("content-encoding")
        else { return }
        body.removeLast()
        body += ",\"request_id\":".utf8
        JSONWriter.append(id, to: &body)
        body.append(UInt8(ascii: "}"))
        response.body = .bytes(body)
    }
}
