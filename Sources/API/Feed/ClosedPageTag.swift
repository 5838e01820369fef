import Basics
import HTTPSemantics

/// The entity tag of a closed page: 16 hexadecimal digits of the query that it answers, and 16 random ones.
///
///     "<hash of the query><random>-c"
///
/// It is strong (RFC 9110 section 8.8.1): no two pages have the same. It need not be kept: whoever shows one whose first half fits has a page
/// for this query, and since that page is closed, it is still right. The hash is no secret; who makes up a tag deceives only itself.
struct ClosedPageTag: Sendable {
    private static let digits = 32
    /// Of the query's hash.
    private let low: UInt64

    /// `query` is the request's, as it was sent: a cache's copy is of the same URL.
    init(query: String) {
        low = Array(query.utf8).withUnsafeBytes { ContentHash.halves($0).low }
    }

    /// A tag that no page had.
    func make() -> String {
        ContentHash.entityTag((high: low, low: .random(in: .min ... .max)), weak: false, suffix: "c")
    }

    /// The first tag in a value of If-None-Match that a page for this query had, as it was sent in `ETag`: weak where the page was
    /// compressed.
    func held(in fieldValue: String) -> String? {
        let own = Hex.text(low, width: 16)
        for (opaque, isWeak) in ConditionalRequest.tags(in: fieldValue) {
            let digits = opaque.prefix(Self.digits)
            // Some proxies write the coding behind a tag.
            guard digits.count == Self.digits, digits.hasPrefix(own), digits.utf8.allSatisfy({ Hex.value($0) != nil })
            else { continue }
            return (isWeak ? "W/\"" : "\"") + digits + "-c\""
        }
        return nil
    }
}
