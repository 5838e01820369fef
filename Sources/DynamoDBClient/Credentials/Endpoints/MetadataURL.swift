import Glibc

/// The address of an endpoint that hands out keys: a server, and a path that may itself be a secret and so appears in no text.
struct MetadataURL: Sendable, Hashable {
    let server: Endpoint
    /// With its leading slash and its query.
    private let path: String

    /// Reads `scheme://host[:port][/path][?query]`. `source` names the setting for the error; `example` is the hint's.
    init(_ text: String, source: String, example: String) throws(DynamoDBError) {
        let afterScheme = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let end = text[afterScheme...].firstIndex { "/?#".contains($0) } ?? text.endIndex
        func invalid(_ message: String) -> DynamoDBError {
            .configuration(
                subject: source,
                code: "InvalidEndpointURL",
                message: message,
                hint: "Give a URL such as \(example).",
                kind: .accessDenied
            )
        }
        do throws(DynamoDBError) { server = try Endpoint(String(text[..<end]), source: source) } catch {
            throw invalid(error.message)
        }
        let rest = text[end...].prefix { $0 != "#" }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid("the path has characters that no URL has")
        }
        path = rest.first == "/" ? String(rest) : "/\(rest)"
    }

    private init(server: Endpoint, path: String) {
        self.server = server
        self.path = path
    }

    /// The URL of a request.
    var text: String { server.description + path }

    /// The URL of `path`, which begins without a slash, below this one.
    func appending(_ path: String) -> MetadataURL {
        MetadataURL(server: server, path: self.path.hasSuffix("/") ? self.path + path : "\(self.path)/\(path)")
    }
}

extension Endpoint {
    /// `host[:port]`.
    var hostAndPort: String { port.map { "\(host):\($0)" } ?? host }

    /// Whether the host is this machine itself: `localhost`, 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        if host.lowercased() == "localhost" { return true }
        switch address {
        case .v4(let bytes): return bytes.first == 127
        case .v6(let bytes): return bytes == Address("::1")?.bytes
        case nil: return false
        }
    }

    /// Whether the host is one of `addresses`, however it is spelled.
    func isAddress(in addresses: [String]) -> Bool {
        guard let address else { return false }
        return addresses.contains { Address($0) == address }
    }

    private var address: Address? { Address(host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host) }

    /// An address of either family.
    private enum Address: Hashable {
        case v4([UInt8])
        case v6([UInt8])

        /// Nil for a name, and for the short forms of addresses, which resolvers read in different ways.
        init?(_ text: String) {
            var bytes = [UInt8](repeating: 0, count: 16)
            if inet_pton(AF_INET, text, &bytes) == 1 {
                self = .v4(Array(bytes.prefix(4)))
            } else if inet_pton(AF_INET6, text, &bytes) == 1 {
                self = .v6(bytes)
            } else {
                return nil
            }
        }

        var bytes: [UInt8] {
            switch self {
            case .v4(let bytes), .v6(let bytes): bytes
            }
        }
    }
}
