/// How the service reaches AWS: the Region, the endpoints, the credentials in use and the clock. `/v1/status` tells it. It has no secret
/// and no identifier of a key.
package struct AWSStatus: Sendable, Hashable {
    /// The Region that requests are signed for; nil while nothing has named it.
    package var region: String?
    /// The URL of DynamoDB; nil while the Region is unknown.
    package var endpoint: String?
    /// The URL of DynamoDB Streams; nil while the Region is unknown.
    package var streamsEndpoint: String?
    /// The credentials in use.
    package var credentials = Credentials()
    /// Milliseconds that this machine's clock is ahead of AWS's, negative when it is behind; nil while unknown.
    package var clockSkewMilliseconds: Int64?

    /// Nothing is known of credentials and clock.
    package init(region: String? = nil, endpoint: String? = nil, streamsEndpoint: String? = nil) {
        self.region = region
        self.endpoint = endpoint
        self.streamsEndpoint = streamsEndpoint
    }

    /// Where credentials come from, and until when they hold.
    package struct Credentials: Sendable, Hashable {
        /// The place that they came from, as in `profile dev`; nil before the first were loaded.
        package var source: String?
        /// When they end, milliseconds since 1970 UTC; nil for those without an end.
        package var expiresAt: Int64?
        /// Times that credentials were loaded.
        package var loads = 0
        /// Times that they could not be loaded.
        package var failures = 0
        /// Why the last attempt to load some failed; nil when it succeeded.
        package var trouble: String?

        /// Nothing was loaded yet.
        package init() {}
    }
}
