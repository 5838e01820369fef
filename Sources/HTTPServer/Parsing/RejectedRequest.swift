/// Bytes that never became a request, or a connection that was refused: the content of the response.
package struct RejectedRequest: Sendable, Hashable {
    /// One parameter of a query, as it was sent: escapes and all, and any bytes that are not UTF-8 replaced.
    package struct Parameter: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }

        /// Reads `name=value`.
        init(pair: [UInt8]) {
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            self.name = String(decoding: name, as: UTF8.self)
            value = String(decoding: pair[name.endIndex...].dropFirst(), as: UTF8.self)
        }
    }

    package let status: Int
    /// The reason, in a short sentence without its full stop.
    package let reason: String
    /// The query parameter that it is about; nil where it is about none.
    package let parameter: Parameter?
    /// The response's `X-Request-Id`; nil where the server does not name requests.
    package let id: String?

    package init(status: Int, reason: String, parameter: Parameter? = nil, id: String? = nil) {
        self.status = status
        self.reason = reason
        self.parameter = parameter
        self.id = id
    }
}
