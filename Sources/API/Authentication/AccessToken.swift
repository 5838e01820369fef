import Digest

/// A named bearer token: who it is for and what it opens. The token itself is not kept, only its digest.
struct AccessToken: Sendable, Hashable {
    /// What logs and problems call it.
    let name: String
    let digest: SHA256Digest
    let scopes: Set<AccessScope>
    /// Nil for the whole table.
    let keys: KeyRestriction?
}

/// What an authenticated request may see.
struct Grant: Sendable, Hashable {
    let token: AccessToken
    /// The time at which the ticket that let the request in ends, in milliseconds since 1970 UTC. Nil for a token, and for a ticket of one
    /// use, whose end bounds only when a stream may be opened.
    let ticketEnd: Int64?

    init(token: AccessToken, ticketEnd: Int64? = nil) {
        self.token = token
        self.ticketEnd = ticketEnd
    }

    /// A 403 unless the token has `scope`.
    func require(_ scope: AccessScope) throws(Problem) {
        guard token.scopes.contains(scope) else {
            throw Problem(
                403,
                .forbidden,
                "The token '\(token.name)' has not the scope '\(scope.rawValue)'.",
                .scope(scope.rawValue)
            )
        }
    }
}
