import Basics

/// The client of a request as proxies tell it, in `X-Forwarded-For` or in `Forwarded` (RFC 7239).
///
/// Each proxy appends the address that it was connected from, and passes on the rest as it came. So the list is read from its end: what a
/// trusted proxy wrote is true, and what stands before the first address that is no trusted proxy's may be invented.
package enum ForwardedClient {
    /// The client by the value of `X-Forwarded-For`, several fields joined with commas; nil where the field does not tell it.
    package static func address(inXForwardedFor value: some Collection<UInt8>, trusted: Networks) -> IPAddress? {
        let nodes = value.split(separator: UInt8(ascii: ",")).map { trimmed($0) }
        // RFC 9110 section 5.6.1.2: an element of a list may be empty.
        return walk(nodes.lazy.filter { !$0.isEmpty }.map { node($0) }.reversed(), trusted)
    }

    /// The client by the value of `Forwarded`, several fields joined with commas; nil where the field does not tell it. The part that a trusted
    /// proxy appended is the last one, so malformed parts before it, which a client may send, spoil nothing.
    package static func address(inForwarded value: some Collection<UInt8>, trusted: Networks) -> IPAddress? {
        let parts = Array(value).split(separator: UInt8(ascii: ",")).map { trimmed($0) }
        return walk(parts.lazy.filter { !$0.isEmpty }.map(forwardedNode).reversed(), trusted)
    }

    /// The address of an element's `for`; nil for anything else.
    private static func forwardedNode(_ element: [UInt8]) -> IPAddress? {
        guard let values = ForwardedElements.forValues(element), values.count == 1 else { return nil }
        return values[0].flatMap { node($0[...]) }
    }

    /// The first address that is not trusted, or where all are the last. A node without an address (`unknown`, `_hidden`, garbage) hides what
    /// stands before it.
    private static func walk(_ nodes: some Sequence<IPAddress?>, _ trusted: Networks) -> IPAddress? {
        var last: IPAddress?
        for node in nodes {
            guard let address = node else { return nil }
            if !trusted.contains(address) { return address }
            last = address
        }
        return last
    }

    /// The address of `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`; nil for anything else.
    private static func node(_ bytes: some Collection<UInt8>) -> IPAddress? {
        let text = String(decoding: bytes, as: UTF8.self)[...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") && isPort(rest.dropFirst()) else { return nil }
            let inner = text[text.index(after: text.startIndex)..<end]
            return inner.contains(":") ? IPAddress(inner) : nil
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return IPAddress(text) }
        guard isPort(parts[1]), let address = IPAddress(parts[0]), address.isIPv4 else { return nil }
        return address
    }

    /// A number, or an obfuscated port (RFC 7239 section 6.2).
    private static func isPort(_ text: Substring) -> Bool {
        if text.hasPrefix("_") { return text.utf8.count > 1 && ByteSet.name.containsAll(of: text) }
        return (1...5).contains(text.utf8.count) && Digits.integer(text).map { $0 <= 65_535 } == true
    }

    private static func trimmed(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    }
}
