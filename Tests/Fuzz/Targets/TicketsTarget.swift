@testable import API
@testable import Digest
@testable import HTTPServer

/// Tickets, and the bodies that ask for them: what has the form of a ticket writes itself back, nothing is sealed by a key that made nothing,
/// and a URL that is accepted is the one that the response gives.
struct TicketsTarget: FuzzTarget {
    private let key = TicketKey(of: SHA256Digest("fuzz".utf8))
    private let streams = API.operations.filter(\.takesTicket)

    func run(_ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let claim = SealedTicket.Claim(text) {
            require(!claim.isSealed(under: key), "a seal that was guessed")
            let own = claim.ticket.text(under: key)
            require(own.utf8.starts(with: text.utf8.prefix(42)), "a ticket that writes itself differently")
            require(SealedTicket.Claim(own)?.isSealed(under: key) == true, "a ticket that its own key does not know")
        }
        try? read(text)
        guard let url = try? TicketOrder(Array(bytes)).url else { return }
        try? read(url)
    }

    private func read(_ url: String) throws(Problem) {
        let reference = try TicketReference(url, among: streams)
        let given = reference.text(with: "T")
        guard let request = request(given) else { fatalError("a URL that no request can have: \(given)") }
        guard let parameters = try? request.queryParameters(except: IgnoredParameters.contains) else {
            fatalError("a query that no request can have: \(given)")
        }
        let asked = TicketTarget(pattern: reference.target.pattern, parameters: parameters)
        require(asked == reference.target, "a URL that its ticket does not open: \(given)")
    }

    /// The request for a reference; nil when the parser refuses it.
    private func request(_ reference: String) -> HTTPRequest? {
        let head = Array("GET /v1/\(reference) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var parser = RequestParser()
        var consumed = 0
        let outcome = head.withUnsafeBufferPointer {
            parser.parse($0, consumed: &consumed, limits: HTTPServerLimits())
        }
        guard case .complete(let head, let body) = outcome else { return nil }
        return HTTPRequest(head: head, body: body, peerAddress: "127.0.0.1")
    }
}
