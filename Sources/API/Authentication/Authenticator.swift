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

    /// The parameters whose values may let somebody in, in lower case: no log and no response repeats them.
    package static let secretParameters = refusedParameters.union([ticketParameter])

    /// The tokens that it knows.
    package let store: TokenStore
    let tickets: Tickets
    /// Milliseconds since 1970 UTC, by which tickets end.
    let wallMilliseconds: @Sendable () -> Int64

    /// `ticketAge` is how long reusable tickets are good. Tickets end by the clock `wallMilliseconds`; how many a token gets is counted by
    /// `continuous`.
    package init(
        store: TokenStore,
        ticketAge: Duration = AuthenticationLimits.ticketAge,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        continuous: @escaping @Sendable () -> Duration
    ) {
        self.store = store
        self.wallMilliseconds = wallMilliseconds
        tickets = Tickets(
            store: store,
            age: ticketAge,
            wallMilliseconds: wallMilliseconds,
            continuous: continuous
        )
    }

    /// The rights of the request; throws if it has none. `pattern` is that of the operation if a ticket may replace the token, else nil.
    func authenticate(
        _ request: HTTPRequest,
        scope: AccessScope?,
        ticketsFor pattern: String?
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
        let grant = try grant(request, parameters, ticketsFor: pattern)
        if let scope { try grant.require(scope) }
        return grant
    }

    private func grant(
        _ request: HTTPRequest,
        _ parameters: [(name: String, value: String)],
        ticketsFor pattern: String?
    ) throws(Problem) -> Grant {
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
            return Grant(token: token)
        }
        if let pattern, let ticket = parameters.first(where: { $0.name == Self.ticketParameter })?.value {
            let target = TicketTarget(pattern: pattern, parameters: parameters)
            do throws(Tickets.Fault) { return try tickets.redeem(ticket, for: target) } catch { throw error.problem }
        }
        throw Self.unauthorized("This needs a token: send it as `Authorization: Bearer …`.", error: nil)
    }

    /// A 401 that says how to ask; `error` is a code of RFC 6750 section 3.1.
    static func unauthorized(_ detail: String, error: String?) -> Problem {
        let code = error.map { ", error=\"\($0)\"" } ?? ""
        return Problem(401, .unauthorized, detail, .challenge("Bearer realm=\"tablecast\"\(code)"))
    }
}
