import Glibc

/// The hosts that are this machine itself, as URLs write them: `localhost`, 127.0.0.0/8 and `[::1]`. Text alone
/// decides: a name that resolves to such an address is not one of them, since whoever owns the name chooses what it
/// resolves to. Where a server listens is told by the address that was bound.
package enum LoopbackHost {
    /// Whether a host, without its port, is one.
    package static func matches(_ host: Substring) -> Bool {
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return false }
            return isLoopback6(String(host.dropFirst().dropLast()))
        }
        let name = host.hasSuffix(".") ? host.dropLast() : host
        return name.lowercased() == "localhost" || isLoopback4(name.utf8)
    }

    /// Four numbers up to 255 with dots between, the first of them 127; no other spelling is a browser's.
    private static func isLoopback4(_ text: some Sequence<UInt8>) -> Bool {
        // By hand: every request to a service without tokens comes by here, and nothing is allocated for it.
        var parts = 1
        var digits = 0
        var number = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number * 10 + Int(byte - 48)
                digits += 1
                if number > 255 || digits > 3 { return false }
            case UInt8(ascii: "."):
                if digits == 0 || parts == 1 && number != 127 { return false }
                parts += 1
                (digits, number) = (0, 0)
            default: return false
            }
        }
        return parts == 4 && digits > 0
    }

    /// ::1, or 127.0.0.0/8 as an IPv6 address.
    private static func isLoopback6(_ text: String) -> Bool {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return false }
        return withUnsafeBytes(of: address) { bytes in
            let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
            if zeros, bytes[10] == 0xFF, bytes[11] == 0xFF { return bytes[12] == 127 }
            return zeros && bytes[10..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
        }
    }

    /// Whether a host is an IP address and no name: its owner cannot make it resolve to another.
    package static func isAddress(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            var address = in6_addr()
            return inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1
        }
        var address = in_addr()
        return inet_pton(AF_INET, String(host), &address) == 1
    }
}
