/// Every bound of authentication, in one place, with what happens at it.
package enum AuthenticationLimits {
    /// A larger file of tokens is not read.
    static let fileBytes = 1_048_576
    /// A file with more tokens is not taken: each request compares with all of them.
    static let tokens = 1_000
    /// A shorter token could be guessed; a longer one would not fit a field. The file is not taken.
    static let tokenBytes = 16...512
    /// How often the file is looked at.
    package static let reloadInterval: Duration = .seconds(1)
    /// For how long a ticket of one use can be used.
    static let ticketLifetime: Duration = .seconds(60)
    /// The default of `--ticket-age`: for how long a reusable ticket can be used.
    package static let ticketAge: Duration = .seconds(43_200)
    /// The values that `--ticket-age` takes.
    package static let ticketAges: ClosedRange<Duration> = .seconds(60)...(.seconds(604_800))
    /// How far the clocks of two replicas may differ. A replica refuses a ticket that ends later than its own new tickets by more.
    static let ticketClockTolerance: Duration = .seconds(30)
    /// Tickets that one token can get from one replica in the time of `ticketWindow`; one more is a 429.
    static let ticketsPerToken = 10_000
    /// The time for which `ticketsPerToken` counts.
    static let ticketWindow: Duration = .seconds(60)
    /// Used tickets that a replica remembers until they end, of all tokens. Beyond it, a token that has `usedTicketsReserved` gets a 429:
    /// a ticket that is not remembered could be used twice.
    static let usedTickets = 100_000
    /// The same of one token, so that none takes all of them; one more is a 429.
    static let usedTicketsPerToken = 20_000
    /// Used tickets for which each token has room, whatever the others use.
    static let usedTicketsReserved = 100
    /// A used ticket that ends later than this is forgotten: the clock was set back since, and the ticket opens nothing meanwhile.
    static let usedTicketHorizon: Duration = .seconds(3600)
    /// A longer `url` of a request for a reusable ticket is a 400. With the ticket it must fit into a request line.
    static let ticketURLBytes = 8_192
    /// Seconds after which a client whose ticket was refused for lack of room should retry.
    static let ticketRetrySeconds = 5
    /// How often the file is read though it looks unchanged: whatever hides a change hides it no longer than that.
    static let rereadInterval: Duration = .seconds(60)
    /// The age of the last completed check of the file at which the status, the log and the metrics say so.
    static let staleCheckAge: Duration = .seconds(10)
}
