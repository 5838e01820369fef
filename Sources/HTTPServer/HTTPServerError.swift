/// Why the server cannot start: one line that names the address and what to do.
package struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
