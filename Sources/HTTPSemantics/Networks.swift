import Basics

/// A set of peers, as operators write it: addresses, networks in CIDR notation (RFC 4632, RFC 4291 section 2.3), and `unix` for the peers of
/// Unix sockets.
package struct Networks: Sendable, Hashable, CustomStringConvertible {
    /// The word for peers of Unix sockets.
    static let unixName = "unix"

    private struct Network: Sendable, Hashable, CustomStringConvertible {
        var address: IPAddress
        /// Of the 128 bits, those that an address of the network has in common with `address`.
        var prefix: Int

        /// Reads an address, or an address and `/` and a number of bits; nil for anything else. Bits behind the prefix must be 0: a network that
        /// has some is mostly an address whose mask is wrong.
        init?(_ text: Substring) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = IPAddress(parts[0]) else { return nil }
            // An IPv4 address that is written as an IPv6 one has the mask of an IPv6 address.
            let isIPv4 = address.isIPv4 && !parts[0].contains(":")
            let bits = isIPv4 ? 32 : 128
            var prefix = bits
            if parts.count > 1 {
                guard let given = Digits.integer(parts[1]), given <= bits else { return nil }
                prefix = given
            }
            self.address = address
            self.prefix = isIPv4 ? prefix + 96 : prefix
            guard Self.masked(address, self.prefix) == address else { return nil }
        }

        func contains(_ other: IPAddress) -> Bool {
            // ::/0 is all of IPv6, and IPv4 addresses are no part of it, though they are kept as such.
            guard other.isIPv4 == isIPv4 else { return false }
            return Self.masked(other, prefix) == address
        }

        private var isIPv4: Bool { address.isIPv4 && prefix >= 96 }

        private static func masked(_ address: IPAddress, _ prefix: Int) -> IPAddress {
            IPAddress(high: address.high & mask(prefix), low: address.low & mask(prefix - 64))
        }

        /// The first so many bits of 64.
        private static func mask(_ count: Int) -> UInt64 { count <= 0 ? 0 : ~0 << UInt64(max(0, 64 - count)) }

        var description: String {
            let count = isIPv4 ? prefix - 96 : prefix
            return count == (isIPv4 ? 32 : 128) ? address.description : "\(address)/\(count)"
        }
    }

    private var networks: [Network] = []
    private var hasUnix = false

    /// No peers.
    package init() {}

    /// Reads addresses, networks and `unix` with commas between them; nil for anything else.
    package init?(_ text: String) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var part = part.drop { $0 == " " }
            while part.last == " " { part.removeLast() }
            if part == Self.unixName {
                hasUnix = true
            } else if let network = Network(part) {
                networks.append(network)
            } else {
                return nil
            }
        }
    }

    package var isEmpty: Bool { networks.isEmpty && !hasUnix }

    /// Whether a peer is one of these.
    package func contains(_ peer: PeerAddress) -> Bool {
        switch peer {
        case .ip(let address): contains(address)
        case .unix: hasUnix
        }
    }

    /// Whether an address is one of these.
    package func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// As it is read, `unix` last; empty for none.
    package var description: String {
        (networks.map(\.description) + (hasUnix ? [Self.unixName] : [])).joined(separator: ",")
    }
}
