import Basics

/// Whose pages may read a service's responses (the CORS protocol of the Fetch standard).
package enum AllowedOrigins: Sendable, Hashable {
    /// Pages of every origin.
    case any
    /// Pages of these, each `scheme://host[:port]` in lower case, and those that this machine serves itself, on any
    /// port, where `loopback` says so; of none when both are empty.
    case only([String], loopback: Bool = false)

    /// Pages that this machine serves itself.
    package static let loopback = AllowedOrigins.only([], loopback: true)
    /// Pages of no other origin.
    package static let none = AllowedOrigins.only([])

    /// Reads `*`, `none`, or `loopback` and origins with commas between them; nil for anything else.
    package init?(_ text: String) {
        switch text {
        case "*": self = .any
        case "none": self = .none
        default:
            var origins: [String] = []
            var takesLoopback = false
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                var part = part.drop { $0 == " " }
                while part.last == " " { part.removeLast() }
                if part == "loopback" {
                    takesLoopback = true
                } else {
                    guard Self.isOrigin(part) else { return nil }
                    origins.append(String(part))
                }
            }
            self = .only(origins, loopback: takesLoopback)
        }
    }

    /// `scheme://host[:port]` as browsers send it: in lower case, without a path.
    package static func isOrigin(_ text: Substring) -> Bool {
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            let rest = text.utf8.dropFirst(scheme.utf8.count)
            return !rest.isEmpty && authority.containsAll(of: Substring(rest))
        }
        return false
    }

    /// The characters of `host[:port]` as browsers write it.
    private static let authority = ByteSet.lowercase.union(ByteSet(".-_:[]"))

    /// Whether an origin is a page that this machine serves itself.
    package static func isLoopback(_ origin: String) -> Bool {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            let rest = origin.dropFirst(scheme.count)
            let end =
                rest.hasPrefix("[")
                ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : rest.firstIndex(of: ":")
            let port = rest[(end ?? rest.endIndex)...]
            guard port.isEmpty || port.hasPrefix(":") && port.utf8.dropFirst().allSatisfy({ $0 >= 48 && $0 <= 57 })
            else { return false }
            return LoopbackHost.matches(rest[..<(end ?? rest.endIndex)])
        }
        return false
    }
}
