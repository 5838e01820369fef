import Basics

/// The hosts by which requests may call a service.
package enum AllowedHosts: Sendable, Hashable {
    /// Every host: no request is refused for its Host.
    case any
    /// These, in lower case, without port and without the dot that may end a name.
    case only([String])

    /// Reads `*`, or hosts with commas between them; nil for anything else, a host with a port included.
    package init?(_ text: String) {
        if text == "*" {
            self = .any
            return
        }
        var hosts: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var part = part.drop { $0 == " " }
            while part.last == " " { part.removeLast() }
            guard Self.isHost(part) else { return nil }
            hosts.append(Self.normal(part))
        }
        self = .only(hosts)
    }

    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("[") { return LoopbackHost.isAddress(text) }
        return !text.isEmpty && text.utf8.count <= 253 && ByteSet.name.containsAll(of: text)
    }

    /// A host as it is compared: in lower case, without the dot that may end a name.
    package static func normal(_ host: Substring) -> String {
        (host.hasSuffix(".") ? host.dropLast() : host).lowercased()
    }
}
