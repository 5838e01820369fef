package import API
package import DynamoDBClient
package import HTTPServer
package import Replication
package import StateStore

/// What the process says with its exit status.
package enum ExitStatus: Int32, Sendable, Hashable {
    /// It was asked to stop.
    case stopped = 0
    /// Something failed at run time: asking again may work.
    case failure = 1
    /// The command line or a variable is wrong.
    case usage = 2
    /// A configuration that cannot work (sysexits EX_CONFIG).
    case configuration = 78
}

/// Why the service cannot run: one line, and the status to exit with.
package struct StartUpError: Error, Sendable, Hashable, CustomStringConvertible {
    package let status: ExitStatus
    package let description: String

    package init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }

    /// A region, credentials or an endpoint that cannot be used.
    package init(_ error: DynamoDBError) {
        self.init(ReplicationFailure(error))
    }

    /// Replication that could not start.
    package init(_ failure: ReplicationFailure) {
        self.init(failure.kind == .configuration ? .configuration : .failure, failure.description)
    }

    /// A state directory that this process cannot have.
    package init(_ error: StateDirectoryError) {
        switch error {
        case .notADirectory, .unusable: self.init(.configuration, error.description)
        case .inUse, .unlockable, .lockRemoved, .unresponsive: self.init(.failure, error.description)
        }
    }

    /// A setting that cannot be used.
    package init(_ error: SettingsError) { self.init(error.status, error.description) }

    /// A file of tokens that cannot be used.
    package init(_ error: TokenFileError) { self.init(.configuration, error.description) }

    /// An address that cannot be listened on.
    package init(_ error: HTTPServerError) { self.init(.failure, error.description(option: "--listen")) }
}
