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
