import Basics

/// The feed that a tail follows: an address, the parameters of the command, and where it begins and ends.
package struct TailRequest: Sendable, Hashable {
    /// One parameter of the feed.
    package struct Parameter: Sendable, Hashable {
        package let name: String
        package let value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var address: FeedAddress
    /// Passed on as they are; the service checks them.
    package var parameters: [Parameter] = []
    /// `auto`, `always` or `never`; nil when nothing was said.
    package var snapshot: String?
    /// Changes after which to end, over all connections; nil for no end.
    package var limit: Int?
    /// Time after which to end, over all connections; nil for no end.
    package var timeout: Duration?
    /// The position of an earlier run.
    package var lastEventID: String?

    package init(_ address: FeedAddress) { self.address = address }

    /// The address of the next connection: `limit` and `timeout` are what is left of them, and a snapshot that was asked for comes
    /// only once.
    package func url(written: Int, elapsed: Duration, isResuming: Bool) -> String {
        var address = address
        for parameter in parameters { address.add(parameter.name, parameter.value) }
        if let snapshot, !(isResuming && snapshot == "always") { address.add("snapshot", snapshot) }
        if let limit { address.add("limit", String(max(1, limit - written))) }
        if let timeout { address.add("timeout", "\(max(0, (timeout - elapsed).wholeMilliseconds))ms") }
        return address.url
    }

    /// Whether nothing is left of `limit` or `timeout`.
    package func isOver(written: Int, elapsed: Duration) -> Bool {
        if let limit, written >= limit { return true }
        if let timeout, elapsed >= timeout { return true }
        return false
    }
}
