/// One field line of a request or a response (RFC 9110 section 5).
package struct HTTPField: Sendable, Hashable {
    /// In lower case in responses.
    package var name: String
    /// Without the white space around it.
    package var value: String

    /// Names a field and its value.
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// One request to a server.
package struct TransferRequest: Sendable {
    /// With the scheme `http` or `https`.
    package var url: String
    /// Sent in this order.
    package var fields: [HTTPField]
    /// Makes the request a POST; without one it is a GET.
    package var body: [UInt8]?
    /// A signature by AWS's Signature Version 4; `scope` is `aws:amz:<region>:<service>`.
    package var signing: (scope: String, accessKeyID: String, secretAccessKey: String)?

    /// A request for a URL, without a signature.
    package init(url: String, fields: [HTTPField] = [], body: [UInt8]? = nil) {
        self.url = url
        self.fields = fields
        self.body = body
    }
}
