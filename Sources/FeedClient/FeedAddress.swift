import Basics

/// The address of a feed: the one that a user typed, and the parameters of the command.
package struct FeedAddress: Sendable, Hashable {
    /// Why an address cannot be used, and what is allowed.
    package struct Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The service's path of the feed.
    private static let feedPath = "/v1/events"

    /// Scheme, authority, and the path below which a proxy serves everything: `http://127.0.0.1:8080/replica`.
    package let base: String
    /// The address of the feed without its query.
    private let feed: String
    /// The query, without `?`; nil when there is none.
    package private(set) var query: String?

    /// Takes `http://host:8080`, also with a path below which a proxy serves the service, or the full address of a feed:
    /// `https://host/v1/events?pk=a`. A path that ends in `/events` is that of a feed. Credentials in it are refused, since addresses
    /// end up in logs and histories.
    package init(_ text: String) throws(Invalid) {
        let lowered = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowered.hasPrefix($0) }) else {
            throw Invalid(
                description:
                    "'\(text.prefix(80))' is not an address: give http://HOST:PORT[/PREFIX] or https://HOST/v1/events?…"
            )
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty else {
            throw Invalid(description: "'\(text.prefix(80))' names no host: give http://HOST:PORT")
        }
        guard !authority.contains("@") else {
            throw Invalid(description: "credentials do not belong into an address: give a token with --token-file")
        }
        let target = rest.dropFirst(authority.count).prefix { $0 != "#" }
        let path = String(target.prefix { $0 != "?" })
        let query = target.dropFirst(path.count).dropFirst()
        var prefix = path[...]
        while prefix.last == "/" { prefix.removeLast() }
        let isFeed = prefix.hasSuffix("/events")
        if isFeed { prefix.removeLast(prefix.hasSuffix(Self.feedPath) ? Self.feedPath.count : "/events".count) }
        base = scheme + authority + prefix
        feed = isFeed ? scheme + authority + path : base + Self.feedPath
        self.query = query.isEmpty ? nil : String(query)
    }

    /// Adds a parameter to the query, percent-encoded (RFC 3986 section 2.1).
    package mutating func add(_ name: String, _ value: String) {
        let pair = "\(name)=\(PercentEncoding.encode(value, keeping: .unreserved))"
        query = query.map { "\($0)&\(pair)" } ?? pair
    }

    /// The whole address.
    package var url: String { feed + (query.map { "?\($0)" } ?? "") }

    /// The address of another path of the same service.
    package func url(path: String, query: String? = nil) -> String { base + path + (query.map { "?\($0)" } ?? "") }
}
