import Glibc
import Service

/// Whether standard output gets colours.
enum TerminalColour {
    /// On a terminal, unless the operator forbids them by a flag or by NO_COLOR (https://no-color.org).
    static func isWanted(unless isForbidden: Bool) -> Bool {
        let environment = Program.environment
        return !isForbidden && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
            && isatty(STDOUT_FILENO) == 1
    }
}
