import Testing

@testable import API
@testable import HTTPServer

extension HTTPRequest {
    /// A request for `/v1/items`, or another path, with a query and fields (whole lines), made by the server's parser; nil where that refuses it.
    init?(testing query: String, path: String = "/v1/items", fields: [String] = []) {
        var parser = RequestParser()
        var consumed = 0
        let lines = ["GET \(path)?\(query) HTTP/1.1", "Host: test"] + fields
        let outcome = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8).withUnsafeBufferPointer {
            parser.parse($0, consumed: &consumed, limits: HTTPServerLimits())
        }
        guard case .complete(let head, let body) = outcome else { return nil }
        self.init(head: head, body: body, peerAddress: "127.0.0.1")
    }
}

extension QueryParameters {
    /// The parameters of a query as a request has it.
    init(testing query: String, allowed: [String] = FilterParameters.names) throws {
        try self.init(try #require(HTTPRequest(testing: query)), allowed: allowed)
    }
}
