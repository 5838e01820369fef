import Basics

/// The address of a service: a scheme, a host and a port, nothing else.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// A name, an IPv4 address or a bracketed IPv6 address.
    public let host: String
    /// Nil for the scheme's own.
    public let port: UInt16?

    /// Reads `scheme://host[:port][/]`. `source` names where the text came from, for the error.
    ///
    /// DynamoDB answers at `/` and a signature covers the path, so a path, a query or user information is refused.
    public init(_ text: String, source: String = "endpoint URL") throws(DynamoDBError) {
        try self.init(text, source: source, of: .dynamoDB)
    }

    /// The same for the endpoint of any service, which the error's example is of.
    init(_ text: String, source: String, of service: RegionalService) throws(DynamoDBError) {
        func invalid(_ cause: String) -> DynamoDBError {
            .configuration(
                subject: source,
                code: "InvalidEndpointURL",
                message: "\"\(Self.withoutUser(text).prefix(200))\" \(cause)",
                hint: "Give a URL such as http://127.0.0.1:8000 or \(Endpoint(service, region: "eu-central-1"))."
            )
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw invalid("has characters that no URL has") }
        var rest = Substring(text)
        if rest.lowercased().hasPrefix("http://") {
            scheme = "http"
        } else if rest.lowercased().hasPrefix("https://") {
            scheme = "https"
        } else {
            throw invalid("does not begin with http:// or https://")
        }
        rest = rest.dropFirst(scheme.count + 3)
        if rest.last == "/" { rest = rest.dropLast() }
        if rest.contains("@") { throw invalid("has user information, which does not belong there") }
        if rest.contains(where: { "/?#".contains($0) }) { throw invalid("has a path; requests are sent to /") }
        let (host, port) = Self.split(rest)
        guard Self.isHost(host) else { throw invalid("has no valid host name") }
        self.host = String(host)
        guard let port else {
            self.port = nil
            return
        }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0 else {
            throw invalid("has a port that is not a number from 1 to 65535")
        }
        self.port = number
    }

    /// An endpoint at its scheme's own port.
    init(scheme: String, host: String) {
        self.scheme = scheme
        self.host = host
        port = nil
    }

    /// `scheme://host[:port]`, without a slash at the end.
    public var description: String {
        guard let port else { return "\(scheme)://\(host)" }
        return "\(scheme)://\(host):\(port)"
    }

    /// The URL of requests.
    var url: String { description + "/" }

    /// The value of `Host` (RFC 9110 section 7.2). The scheme's own port is left out, as all clients do.
    var authority: String {
        guard let port, port != (scheme == "https" ? 443 : 80) else { return host }
        return "\(host):\(port)"
    }

    /// The text for an error message: what may be a password is not shown.
    private static func withoutUser(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        return "…" + text[at...]
    }

    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?) {
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            let after = authority[authority.index(after: end)...]
            if after.isEmpty { return (authority, nil) }
            guard after.first == ":" else { return ("", nil) }
            return (authority[...end], after.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.first == "[" {
            return host.count > 3 && host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return !host.isEmpty && host.count <= 253 && ByteSet.name.containsAll(of: host)
    }
}

extension DynamoDBError {
    /// A configuration that cannot work.
    static func configuration(
        subject: String,
        code: Code,
        message: String,
        hint: String,
        kind: Kind = .fatal
    ) -> DynamoDBError {
        DynamoDBError(
            kind: kind,
            operation: "Configuration",
            subject: subject,
            code: code,
            message: message,
            hint: hint
        )
    }
}
