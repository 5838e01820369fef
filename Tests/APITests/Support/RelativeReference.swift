import ServiceTools

extension Answer {
    /// The targets of the Link fields by their relation, resolved against the target of the request.
    func links(from target: String) -> [String: String] {
        var links: [String: String] = [:]
        for field in fields where field.name == "link" {
            let reference = String(field.value.dropFirst().prefix { $0 != ">" })
            let relation = field.value.split(separator: "rel=\"").last?.dropLast() ?? ""
            links[String(relation)] = resolve(reference, against: target)
        }
        return links
    }
}

/// A relative reference as a client resolves it (RFC 3986 section 5.2), without fragments and authorities.
func resolve(_ reference: String, against target: String) -> String {
    let base = target.prefix { $0 != "?" }
    if reference.hasPrefix("/") { return reference }
    if reference.hasPrefix("?") { return base + reference }
    var segments = base.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    var rest = reference[...]
    while rest.hasPrefix("../") {
        segments = segments.dropLast()
        rest = rest.dropFirst(3)
    }
    return segments.joined(separator: "/") + "/" + rest
}
