import Basics

/// A complete, validated request: head and body.
package struct HTTPRequest: Sendable {
    let head: RequestHead
    package let body: [UInt8]
    /// The address that the connection came from, without its port: the client's, or a proxy's.
    package let peerAddress: String
    /// The client's address as far as trusted proxies tell it; otherwise the peer's.
    package var clientAddress: String
    /// The same for all addresses of one client: an IPv4 address, or the /64 of an IPv6 address. For counting clients.
    package var clientKey: UInt64 = 0
    /// Names the request, where the server names requests.
    var identity = RequestIdentity.none

    /// A request of a client that is the peer.
    init(head: RequestHead, body: [UInt8], peerAddress: String) {
        self.head = head
        self.body = body
        self.peerAddress = peerAddress
        clientAddress = peerAddress
    }

    /// The request's `X-Request-Id`, as the response has it; nil where the server does not name requests.
    package var id: String? { identity.text(head: head.bytes) }

    package var method: HTTPMethod { head.method }
    /// The minor version of HTTP/1.x: 0 or 1.
    package var minorVersion: Int { head.minorVersion }

    /// The percent-decoded segments of the path, split at `/` before decoding ("/v1/items/a%2Fb" -> v1, items, a/b).
    /// Bytes, since keys need not be UTF-8. An empty last segment is kept ("/v1/items/" has three). None for the target
    /// `*`.
    package var pathSegments: [[UInt8]] {
        guard !isAsterisk else { return [] }
        let path = head.bytes[head.path].dropFirst()
        return path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { segment in
            segment.withUnsafeBufferPointer { PercentEncoding.decode($0) }
        }
    }

    /// The path as sent, for logs and errors.
    package var rawPath: String {
        head.path.isEmpty ? "/" : String(decoding: head.bytes[head.path], as: UTF8.self)
    }

    /// The query as sent, without `?`; nil when there was none.
    package var rawQuery: String? {
        head.query.map { String(decoding: head.bytes[$0], as: UTF8.self) }
    }

    /// Whether the target is `*`, or means it: only with OPTIONS (RFC 9112 section 3.2.4).
    var isAsterisk: Bool {
        if head.path.isEmpty { return head.method == .options }
        return head.path.count == 1 && head.bytes[head.path.lowerBound] == UInt8(ascii: "*")
    }

    /// The query's pairs in order, percent-decoded with `+` as space; bytes that are not UTF-8 throw, naming the
    /// parameter. Values of parameters that `isIgnored` are not looked at, and those pairs are left out.
    package func queryParameters(
        except isIgnored: (String) -> Bool = { _ in false }
    ) throws(HTTPQueryError) -> [(name: String, value: String)] {
        guard let query = head.query, !query.isEmpty else { return [] }
        var parameters: [(name: String, value: String)] = []
        for pair in head.bytes[query].split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let nameBytes = pair[..<equals]
            let valueBytes = pair[equals...].dropFirst()
            let name = nameBytes.withUnsafeBufferPointer { PercentEncoding.decode($0, plusIsSpace: true) }
            let value = valueBytes.withUnsafeBufferPointer { PercentEncoding.decode($0, plusIsSpace: true) }
            guard let name = String(validating: name, as: UTF8.self) else {
                let raw = String(decoding: nameBytes, as: UTF8.self)
                throw HTTPQueryError(parameter: raw, reason: "the parameter's name is not UTF-8")
            }
            if isIgnored(name) { continue }
            guard let value = String(validating: value, as: UTF8.self) else {
                throw HTTPQueryError(parameter: name, reason: "the parameter's value is not UTF-8")
            }
            parameters.append((name, value))
        }
        return parameters
    }

    /// The value of a field, by lower-case name; several fields of a name are joined with ", ". Nil when absent.
    package func header(_ lowercasedName: String) -> String? {
        if let authority = head.authority, lowercasedName == "host" {
            return String(decoding: head.bytes[authority], as: UTF8.self)
        }
        var joined: String?
        var name = lowercasedName
        name.withUTF8 { name in
            head.bytes.withUnsafeBufferPointer { bytes in
                FieldLines.forEachValue(of: name, in: UnsafeBufferPointer(rebasing: bytes[head.fieldsStart...])) {
                    value in
                    let text = String(decoding: value, as: UTF8.self)
                    joined = joined.map { $0 + ", " + text } ?? text
                }
            }
        }
        return joined
    }
}

/// A query that cannot be read.
package struct HTTPQueryError: Error, Sendable, Hashable {
    package let parameter: String
    package let reason: String
    package init(parameter: String, reason: String) {
        self.parameter = parameter
        self.reason = reason
    }
}
