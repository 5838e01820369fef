/// The Region whose DynamoDB is called, as far as it is known at this moment. A saved state of another Region is not shown.
package enum CalledRegion: Sendable, Hashable {
    /// The instance metadata service has not named it yet.
    case unknown
    /// The endpoint is not a Region's.
    case any
    case named(String)
}
