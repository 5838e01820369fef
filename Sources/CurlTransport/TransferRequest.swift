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
    /// Makes the request a POST unless `method` names another; without one it is a GET.
    package var body: [UInt8]?
    /// A method in place of the one that `body` implies.
    package var method: String?
    /// Whether no proxy stands between, whatever the environment says: for addresses that only this machine has.
    package var isDirect = false

    /// A request for a URL.
    package init(url: String, fields: [HTTPField] = [], body: [UInt8]? = nil) {
        self.url = url
        self.fields = fields
        self.body = body
    }
}
