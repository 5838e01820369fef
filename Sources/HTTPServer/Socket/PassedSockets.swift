import Basics
import CLinux
import Glibc

/// Sockets that a supervisor opened and passed to this process, as sd_listen_fds(3) describes.
package struct PassedSockets: Sendable {
    /// The variables that tell of them. They are for this process alone.
    package static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]
    /// The first descriptor (SD_LISTEN_FDS_START).
    private static let firstDescriptor: Int32 = 3
    /// More are an error.
    private static let limit = 64

    /// No sockets were passed.
    package static let none = PassedSockets(sockets: [])

    let sockets: [PassedSocket]

    /// Whether none were passed.
    package var isEmpty: Bool { sockets.isEmpty }

    private init(sockets: [PassedSocket]) { self.sockets = sockets }

    /// Takes over the sockets that `environment` tells of, where it is meant for `process`. Programs that this process starts do not
    /// inherit them. Throws for a descriptor that nobody can connect to.
    package init(environment: [String: String], process: Int32) throws(HTTPServerError) {
        let passed = try Self.descriptors(environment, process: process)
        try self.init(passed)
    }

    /// Takes over descriptors with their names.
    package init(_ passed: [(descriptor: Int32, name: String?)]) throws(HTTPServerError) {
        var sockets: [PassedSocket] = []
        for (descriptor, name) in passed { sockets.append(try PassedSocket(descriptor, name: name)) }
        self.sockets = sockets
    }

    /// The descriptors that `environment` tells `process` of, with their names.
    static func descriptors(
        _ environment: [String: String],
        process: Int32
    ) throws(HTTPServerError) -> [(descriptor: Int32, name: String?)] {
        // Without the number of this process they are another one's: a program inherits variables from those that started it.
        guard let text = environment["LISTEN_FDS"], environment["LISTEN_PID"] == String(process) else { return [] }
        guard let count = Digits.integer(text), count <= limit else { throw .unusableCount(text, limit: limit) }
        let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        return (0..<count).map { index in
            let name = index < names.count ? String(names[index]) : ""
            return (firstDescriptor + Int32(clamping: index), name.isEmpty || name == "unknown" ? nil : name)
        }
    }
}

/// A listening socket that another process opened.
struct PassedSocket: Sendable {
    let descriptor: Int32
    let address: SocketAddress
    /// For the log and errors.
    let label: String

    fileprivate init(_ descriptor: Int32, name: String?) throws(HTTPServerError) {
        self.descriptor = descriptor
        label = "passed as descriptor \(descriptor)" + (name.map { " '\(Excerpt.of($0))'" } ?? "")
        let flags = fcntl(descriptor, F_GETFD)
        guard flags >= 0 else { throw .unusableDescriptor(label, "it is not open") }
        guard let type = Self.option(SO_TYPE, of: descriptor) else {
            throw .unusableDescriptor(label, "it is no socket")
        }
        guard type == Int32(SOCK_STREAM.rawValue) else { throw .unusableDescriptor(label, "it is no stream socket") }
        guard Self.option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw .unusableDescriptor(label, "it does not listen")
        }
        guard let address = SocketAddress(of: descriptor), address.isIP || address.family == AF_UNIX else {
            throw .unusableDescriptor(label, "it is neither a TCP socket nor a Unix socket")
        }
        self.address = address
        let status = fcntl(descriptor, F_GETFL)
        guard fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) >= 0, fcntl(descriptor, F_SETFL, status | O_NONBLOCK) >= 0
        else {
            throw .unusableDescriptor(label, SystemCallError(code: errno).text)
        }
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
