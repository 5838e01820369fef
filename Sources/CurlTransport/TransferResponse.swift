/// The head of a response.
package struct ResponseHead: Sendable, Hashable {
    /// The status code.
    package var status: Int
    /// The version that the connection spoke: `1.0`, `1.1`, `2`.
    package var version: String
    /// Fields in order, names in lower case.
    package var fields: [HTTPField]

    /// Puts a head together.
    package init(status: Int, version: String, fields: [HTTPField]) {
        self.status = status
        self.version = version
        self.fields = fields
    }

    /// The first value of a field, by lower-case name.
    package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// A whole response, whatever its status.
package struct TransferResponse: Sendable {
    /// Its head, with those fields that `TransportSettings.responseFields` names.
    package var head: ResponseHead
    /// Its content, as sent.
    package var body: [UInt8]

    /// Puts a response together.
    package init(head: ResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
