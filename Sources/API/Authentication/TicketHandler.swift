import Basics
import HTTPServer

/// Responds to `POST /v1/tickets`: a ticket for clients that showed a token with the scope `stream`, since a ticket opens streams only.
struct TicketHandler: Sendable {
    /// Nil where no tokens are asked for: then a ticket opens nothing that was closed.
    let authenticator: Authenticator?

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        _ = try QueryParameters(call.request, allowed: [])
        let ticket = try ticket(for: call.grant)
        return JSONResponse.make(status: 201) { json in
            json.member("ticket", ticket)
            json.member("expires_in", AuthenticationLimits.ticketLifetime.wholeSeconds)
        }
    }

    private func ticket(for grant: Grant?) throws(Problem) -> String {
        guard let authenticator, let token = grant?.token else { return TicketStore.randomText() }
        do throws(TicketStore.Refusal) { return try authenticator.tickets.issue(for: token) } catch {
            let seconds = AuthenticationLimits.ticketRetrySeconds
            switch error {
            case .share:
                throw Problem(
                    429,
                    .tooManyTickets,
                    "The token '\(token.name)' has \(AuthenticationLimits.ticketsPerToken) open tickets, as many as one token "
                        + "may have. Use them, or wait until they expire.",
                    .retryAfter(seconds: seconds)
                )
            case .total:
                throw Problem(
                    503,
                    .overloaded,
                    "Too many tickets are open. Try again later.",
                    .retryAfter(seconds: seconds)
                )
            }
        }
    }
}
