/// What a response carries after its head. The server adds Date, Content-Length or Transfer-Encoding, and Connection.
package enum HTTPBody {
    case none
    case bytes([UInt8])
    case stream(any StreamingBody)
    /// The answer comes later; status and fields of the response that carries this are not sent.
    case pending(any PendingResponse)
}

/// A response. For HEAD the server sends the head that GET would have and drops the body.
package struct HTTPResponse {
    package var status: Int
    package var fields: HTTPFields
    package var body: HTTPBody
    /// The route that answered; the router sets it.
    package var route: Route?
    /// Who was let in, by name, for logs; nil where nobody was asked.
    package var principal: String?
    package init(status: Int, fields: HTTPFields = HTTPFields(), body: HTTPBody = .none) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
