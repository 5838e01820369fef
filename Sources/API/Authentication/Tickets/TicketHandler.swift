import Basics
import Digest
import HTTPServer

/// Responds to `POST /v1/tickets`: a ticket for clients that showed a token with the scope `stream`, since a ticket opens streams only.
struct TicketHandler: Sendable {
    /// Nil where no tokens are asked for: then a ticket opens nothing that was closed.
    let authenticator: Authenticator?

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        _ = try QueryParameters(call.request, allowed: [])
        let reference = try reference(call)
        let ticket = try ticket(for: call.grant, target: reference?.target)
        let age = authenticator?.tickets.age ?? AuthenticationLimits.ticketAge
        let lifetime = reference == nil ? AuthenticationLimits.ticketLifetime : age
        return JSONResponse.make(status: 201) { json in
            json.member("ticket", ticket)
            json.member("expires_in", lifetime.wholeSeconds)
            if let reference { json.member("url", reference.text(with: ticket)) }
        }
    }

    /// The URL that a reusable ticket is to open; nil for a ticket of one use.
    private func reference(_ call: APICall) throws(Problem) -> TicketReference? {
        guard !call.request.body.isEmpty else { return nil }
        try call.requireJSON()
        guard let url = try TicketOrder(call.request.body).url else { return nil }
        return try TicketReference(url, among: API.operations.filter(\.takesTicket))
    }

    private func ticket(for grant: Grant?, target: TicketTarget?) throws(Problem) -> String {
        guard let authenticator, let token = grant?.token else {
            // Of the same form, sealed by nobody.
            let (first, rest) = (TicketMark.random(), TicketMark.random())
            return SealedTicket(kind: .single, tokenID: first.high, end: 0, mark: rest)
                .text(under: TicketKey(of: SHA256Digest("\(first)".utf8)))
        }
        do throws(Tickets.TooMany) { return try authenticator.tickets.issue(for: token, target: target) } catch {
            throw Problem(
                429,
                .tooManyTickets,
                "The token '\(token.name)' got \(AuthenticationLimits.ticketsPerToken) tickets within "
                    + "\(AuthenticationLimits.ticketWindow.wholeSeconds) seconds, as many as one token may get. Try again later.",
                .retryAfter(seconds: error.retrySeconds)
            )
        }
    }
}
