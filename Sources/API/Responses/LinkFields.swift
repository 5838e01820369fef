import HTTPServer

extension HTTPFields {
    /// Adds `Link: <target>; rel="relation"` (RFC 8288), unless it is longer than `APILimits.linkBytes`.
    ///
    /// A link repeats the request's query, percent-encoded, which can be three times as long; a list has two. Proxies and clients
    /// refuse a response whose head is too long: the whole response would be lost for a link that its body has as well.
    mutating func addLink(_ target: String, _ relation: String) {
        guard target.utf8.count <= APILimits.linkBytes else { return }
        add("Link", "<\(target)>; rel=\"\(relation)\"")
    }
}
