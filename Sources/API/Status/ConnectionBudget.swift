/// How many clients may be connected at once, and the limit of open files that may be the reason. `/v1/status` tells it.
package struct ConnectionBudget: Sendable, Hashable {
    /// Connections that are served at once.
    package var connections: Int
    /// Connections that the operator asked for.
    package var configured: Int
    /// Files that the process may have open.
    package var openFiles: Int
    /// The part of them that is kept for the service itself.
    package var reservedFiles: Int

    /// Four counts, none negative.
    package init(connections: Int, configured: Int, openFiles: Int, reservedFiles: Int) {
        self.connections = connections
        self.configured = configured
        self.openFiles = openFiles
        self.reservedFiles = reservedFiles
    }
}
