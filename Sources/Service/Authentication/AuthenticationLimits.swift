/// Every bound of authentication, in one place, with what happens at it.
package enum AuthenticationLimits {
    /// A larger file of tokens is not read.
    static let fileBytes = 1_048_576
    /// A file with more tokens is not taken: each request compares with all of them.
    static let tokens = 1_000
    /// A shorter token could be guessed; a longer one would not fit a field. The file is not taken.
    static let tokenBytes = 16...512
    /// How often the file is looked at.
    static let reloadInterval: Duration = .seconds(1)
    /// For how long a ticket can be used.
    static let ticketLifetime: Duration = .seconds(60)
    /// Tickets given out within a ticket's life; one more is a 503.
    static let tickets = 10_000
}
