package import AWSClient

/// What the process says with its exit status.
package enum ExitCode: Int32, Sendable, Hashable {
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
    package let code: ExitCode
    package let description: String

    package init(_ code: ExitCode, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Trouble that only somebody's help can mend is configuration; the rest may pass.
    package init(_ error: AWSError) {
        switch error.kind {
        case .notFound, .accessDenied, .expiredCredentials, .fatal: code = .configuration
        case .throttled, .transient, .expiredIterator, .trimmed, .malformed, .cancelled: code = .failure
        }
        description = error.description
    }
}
