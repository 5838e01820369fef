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
    /// For how long a ticket can be used.
    static let ticketLifetime: Duration = .seconds(60)
    /// Tickets that are open at once, neither used nor expired; one more is a 503.
    static let tickets = 10_000
    /// The same of one token, so that none takes all of them; one more is a 429.
    static let ticketsPerToken = 1_000
    /// Seconds after which a client that got no ticket should ask again.
    static let ticketRetrySeconds = 5
    /// How often the file is read though it looks unchanged: whatever hides a change hides it no longer than that.
    static let rereadInterval: Duration = .seconds(60)
    /// The age of the last completed check of the file at which the status, the log and the metrics say so.
    static let staleCheckAge: Duration = .seconds(10)
}
