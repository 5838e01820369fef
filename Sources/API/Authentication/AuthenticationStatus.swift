/// What `/v1/status` says of authentication.
struct AuthenticationStatus: Sendable {
    /// Nil where no tokens are asked for.
    let store: TokenStore?
    /// Whether other machines can read without a token.
    let isExposed: Bool
}
