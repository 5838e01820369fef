import Glibc
package import HTTPServer

/// The service manager that started the process, as its variables tell: sockets that it passed, and where it wants to hear of the state
/// (sd_listen_fds(3), sd_notify(3)).
package struct Supervisor: Sendable {
    /// One line of a message.
    package enum Line: Sendable, Hashable {
        /// The service accepts connections.
        case ready
        /// The start makes progress, and needs up to so many seconds more.
        case moreTime(seconds: Int64)
        case stopping
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .moreTime(let seconds): "EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)"
            case .stopping: "STOPPING=1"
            // Of one line, whatever a name holds.
            case .status(let text): "STATUS=" + text.replacing("\n", with: " ")
            }
        }
    }

    private static let notifyVariable = "NOTIFY_SOCKET"
    /// The longest name of a Unix socket (unix(7)).
    private static let nameBytes = 107

    /// Nobody passed anything, and nobody wants to hear.
    package static let none = Supervisor(environment: [:])

    private let variables: [String: String]

    init(environment: [String: String]) {
        let names = PassedSockets.variables + [Self.notifyVariable]
        variables = environment.filter { names.contains($0.key) }
    }

    /// Reads the variables of the process and removes them, so that no program that it starts takes them for its own. To be called before
    /// the process has other threads.
    static func take() -> Supervisor {
        let supervisor = Supervisor(environment: Program.environment)
        for name in supervisor.variables.keys { unsetenv(name) }
        return supervisor
    }

    /// The sockets that were passed to this process. To be called once: the caller owns them.
    package func passedSockets() throws(StartUpError) -> PassedSockets {
        do throws(HTTPServerError) {
            return try PassedSockets(environment: variables, process: getpid())
        } catch { throw StartUpError(error) }
    }

    /// Sends a message, where somebody listens. It never waits, and whoever misses it loses a line of status.
    package func notify(_ lines: [Line]) {
        guard let name = variables[Self.notifyVariable], name.hasPrefix("/") || name.hasPrefix("@") else { return }
        let bytes = Array(name.utf8.prefix(Self.nameBytes))
        guard bytes.count == name.utf8.count, bytes.count > 1 else { return }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: bytes)
            // The abstract namespace.
            if bytes[0] == UInt8(ascii: "@") { path[0] = 0 }
        }
        let offset = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path)
        let length = socklen_t(offset + bytes.count)
        let message = Array(lines.map(\.text).joined(separator: "\n").utf8)
        withUnsafePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
