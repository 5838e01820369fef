import Basics
import Digest
import HTTPServer

/// The path and the query that a reusable ticket opens.
///
/// Queries are compared as the service reads them, pair by pair in their order: browsers and proxies escape different characters. Left out
/// are the ticket itself, the place to resume from, which polyfills of `EventSource` add, and parameters that are ignored anyway.
struct TicketTarget: Sendable, Hashable {
    /// The parameters that a URL may have or not have under one ticket.
    static let free: Set = [Authenticator.ticketParameter, "last_event_id", "lastEventId"]

    /// As `openapi.yaml` writes the path; it has no parameters.
    let pattern: String
    let mark: TicketMark

    init(pattern: String, parameters: [(name: String, value: String)]) {
        self.pattern = pattern
        // Each part with its length before it, so that no two targets have the same bytes.
        var bytes = Array("tablecast ticket 1: target".utf8)
        func append(_ text: String) {
            bytes.append(contentsOf: UInt64(text.utf8.count), bytes: 8)
            bytes += text.utf8
        }
        append(pattern)
        for (name, value) in parameters where !Self.free.contains(name) && !IgnoredParameters.contains(name) {
            append(name)
            append(value)
        }
        let digest = SHA256Digest(bytes).bytes
        mark = TicketMark(
            high: UInt64(mostSignificantFirst: digest[0..<8]),
            low: UInt64(mostSignificantFirst: digest[8..<16])
        )
    }
}

/// The URL for which a client wants a reusable ticket, as a reference relative to that of `POST /v1/tickets`.
///
/// It is relative because a proxy may serve everything below a path of its own, which the service does not know.
struct TicketReference: Sendable, Hashable {
    /// The reference without a ticket: a name beside `tickets`, and a query.
    private let text: String
    let target: TicketTarget

    /// The directory of `/v1/tickets`.
    private static let directory = "/v1/"

    /// Reads `events?pk=a` or `/v1/events?pk=a`. `operations` are those that take tickets.
    init(_ url: String, among operations: [Operation]) throws(Problem) {
        guard url.utf8.count <= AuthenticationLimits.ticketURLBytes else {
            throw Self.invalid("is longer than \(AuthenticationLimits.ticketURLBytes) bytes")
        }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw Self.invalid("holds a space, a #, a control or a character beyond ASCII: percent-encode it")
        }
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        let operation = operations.first { $0.pattern == path || $0.pattern == Self.directory + path }
        guard let operation else {
            let paths = operations.map { String($0.pattern.dropFirst(Self.directory.count)) }.sorted()
            let examples = paths.map { "\($0)?…" }.joined(separator: " or ")
            throw Self.invalid(
                "has the path '\(QueryParameters.shown(path))', which takes no ticket. Give \(examples), without a host and a "
                    + "proxy's path"
            )
        }
        let query = parts.count > 1 ? String(parts[1]) : ""
        let parameters = try Self.parameters(query)
        for (name, _) in parameters where !TicketTarget.free.contains(name) && !IgnoredParameters.contains(name) {
            guard operation.parameters.contains(name) else {
                let allowed = operation.parameters.joined(separator: ", ")
                throw Self.invalid(
                    "has the unknown parameter '\(QueryParameters.shown(name))': allowed are \(allowed)"
                )
            }
        }
        guard !parameters.contains(where: { $0.name == Authenticator.ticketParameter }) else {
            throw Self.invalid("has a ticket already: leave it out")
        }
        text = String(operation.pattern.dropFirst(Self.directory.count)) + "?" + (query.isEmpty ? "" : query + "&")
        target = TicketTarget(pattern: operation.pattern, parameters: parameters)
    }

    /// The reference with a ticket, which needs no escapes.
    func text(with ticket: String) -> String { "\(text)\(Authenticator.ticketParameter)=\(ticket)" }

    /// The pairs of a query, decoded as those of a request are.
    private static func parameters(_ query: String) throws(Problem) -> [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decoded(Array(halves[0]))
            parameters.append((name, halves.count > 1 ? try decoded(Array(halves[1])) : ""))
        }
        return parameters
    }

    private static func decoded(_ bytes: [UInt8]) throws(Problem) -> String {
        for place in bytes.indices where bytes[place] == UInt8(ascii: "%") {
            guard bytes[place...].dropFirst().prefix(2).count(where: { Hex.value($0) != nil }) == 2 else {
                throw invalid("has a % without two hexadecimal digits behind it; %25 is a % itself")
            }
        }
        let decoded = bytes.withUnsafeBufferPointer { PercentEncoding.decode($0, plusIsSpace: true) }
        guard !decoded.contains(0) else { throw invalid("has %00, which no request may have") }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw invalid("has escapes that are not UTF-8")
        }
        return text
    }

    private static func invalid(_ fault: String) -> Problem {
        Problem(400, .invalidBody, "The member 'url' of the body \(fault).")
    }
}
