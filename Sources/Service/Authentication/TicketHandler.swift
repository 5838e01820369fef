import HTTPServer

/// Answers `POST /v1/tickets`: a ticket for those who showed a token.
struct TicketHandler: Sendable {
    /// Nil where no tokens are asked for: then a ticket opens nothing that was closed.
    let authenticator: Authenticator?

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        _ = try QueryParameters(call.request, allowed: [])
        var ticket: String? = TicketOffice.randomText()
        if let authenticator, let grant = call.grant { ticket = authenticator.tickets.issue(for: grant.token) }
        guard let ticket else {
            throw Problem(503, .overloaded, "Too many tickets are open.", retryAfterSeconds: 5)
        }
        var object = JSONObject()
        object.add("ticket", ticket)
        object.add("expires_in", AuthenticationLimits.ticketLifetime.components.seconds)
        return JSONAnswer.make(object, status: 201)
    }
}
