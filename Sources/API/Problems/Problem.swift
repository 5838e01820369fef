package import Basics
import HTTPSemantics
package import HTTPServer
import TableModel

/// An error response (RFC 9457): what kind, what was wrong with this request, and what would be right.
package struct Problem: Error, Sendable, Hashable {
    package let status: Int
    package let kind: Kind
    /// A sentence on this request: the fault and the remedy.
    package let detail: String
    /// Further members, in their order.
    package var extensions: [Extension]

    init(_ status: Int, _ kind: Kind, _ detail: String, _ extensions: Extension...) {
        self.init(status, kind, detail, extensions)
    }

    init(_ status: Int, _ kind: Kind, _ detail: String, _ extensions: [Extension]) {
        self.status = status
        self.kind = kind
        self.detail = detail
        self.extensions = extensions
    }

    /// Bytes that never became a request: a parameter of their query is named, with its value cut and escaped.
    init(_ rejected: RejectedRequest) {
        guard let parameter = rejected.parameter else {
            let retry: [Extension] = rejected.status == 503 ? [.retryAfter(seconds: 1)] : []
            self.init(rejected.status, Kind(status: rejected.status), rejected.reason, retry)
            return
        }
        let name = QueryParameters.shown(parameter.name)
        let value = QueryParameters.shown(parameter.value, of: parameter.name)
        self.init(
            rejected.status,
            .invalidParameter,
            "The query parameter '\(name)' cannot be '\(value)': \(rejected.reason).",
            .parameter(name)
        )
    }

    /// The response. `id` is the request's, so that a report of the problem names the request; nil where the server names none.
    /// `fields` are those that already belong to the response, such as Allow. `hints` says when to retry.
    package func response(
        id: String?,
        fields: HTTPFields = HTTPFields(),
        hints: RetryHints = .shared
    ) -> HTTPResponse {
        let body = JSONWriter.object { json in
            json.member("type", "urn:tablecast:problem:\(kind.rawValue)")
            json.member("title", ReasonPhrase.of(status).map { "\($0)" } ?? "Request Refused")
            json.member("status", status)
            json.member("detail", detail)
            for member in extensions { member.write(to: &json) }
            if let id { json.member("request_id", id) }
        }
        var fields = fields
        fields.add("Content-Type", "application/problem+json")
        fields.add("Cache-Control", "no-store")
        for member in extensions { member.add(to: &fields, hints) }
        return HTTPResponse(status: status, fields: fields, body: .bytes(body))
    }
}
