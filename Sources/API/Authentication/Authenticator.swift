import Digest
import HTTPServer

/// Decides who may ask for what: bearer tokens in a field, or a ticket in the URL of a stream.
package final class Authenticator: Sendable {
    /// Names under which people put tokens into URLs.
    package static let refusedParameters: Set<String> = [
        "token", "access_token", "auth_token", "bearer", "api_key", "apikey", "authorization",
    ]
    /// The parameter of a stream that holds a ticket.
    package static let ticketParameter = "ticket"

    /// The tokens that it knows.
    package let store: TokenStore
    let tickets: TicketStore

    /// `continuous` is the clock that tickets expire by.
    package init(store: TokenStore, continuous: @escaping @Sendable () -> Duration) {
        self.store = store
        tickets = TicketStore(continuous: continuous)
    }

    /// What the request may see, or a 401 or 403. `takesTicket` says whether a ticket may stand for the token.
    func authenticate(
        _ request: HTTPRequest,
        scope: AccessScope?,
        takesTicket: Bool
    ) throws(Problem) -> Grant {
        let parameters = (try? request.queryParameters(except: IgnoredParameters.contains)) ?? []
        for (name, _) in parameters where Self.refusedParameters.contains(name.lowercased()) {
            throw Problem(
                400,
                .tokenInURL,
                "A token must not be in a URL, where logs and histories keep it: send it as `Authorization: Bearer …`, or ask "
                    + "POST /v1/tickets for a ticket and give that as `ticket`. Consider this token known, and replace it.",
                .parameter(QueryParameters.shown(name))
            )
        }
        let grant = Grant(token: try token(request, takesTicket ? parameters : []))
        if let scope { try grant.require(scope) }
        return grant
    }

    private func token(
        _ request: HTTPRequest,
        _ parameters: [(name: String, value: String)]
    ) throws(Problem) -> AccessToken {
        if let field = request.header("authorization") {
            guard let text = BearerToken.parse(field) else {
                throw Self.unauthorized(
                    "The field Authorization must be `Bearer` and a token.",
                    error: "invalid_request"
                )
            }
            guard let token = store.token(with: SHA256Digest(text.utf8)) else {
                throw Self.unauthorized("The token is not one that this service knows.", error: "invalid_token")
            }
            return token
        }
        if let ticket = parameters.first(where: { $0.name == Self.ticketParameter })?.value {
            guard let token = tickets.redeem(ticket), store.contains(token) else {
                throw Self.unauthorized(
                    "The ticket was used before, is older than 60 seconds, or is none: ask POST /v1/tickets for another.",
                    error: "invalid_token"
                )
            }
            return token
        }
        throw Self.unauthorized("This needs a token: send it as `Authorization: Bearer …`.", error: nil)
    }

    /// A 401 that says how to ask; `error` is a code of RFC 6750 section 3.1.
    static func unauthorized(_ detail: String, error: String?) -> Problem {
        let code = error.map { ", error=\"\($0)\"" } ?? ""
        return Problem(401, .unauthorized, detail, .challenge("Bearer realm=\"tablecast\"\(code)"))
    }
}
