import Basics
import CLinux
import Glibc

/// A socket that clients connect to.
struct ListeningSocket: Sendable {
    /// Connections that wait to be accepted; the kernel bounds it further (net.core.somaxconn).
    static let backlog: Int32 = 4_096

    let descriptor: Int32
    let bound: BoundAddress
    /// The file that this process made for a Unix socket.
    let file: SocketFile?

    /// Stops listening. A Unix socket's file goes first, so that no client finds a path that nobody serves.
    func close() {
        file?.remove()
        closeDescriptor(descriptor)
    }

    /// Sets what accepted sockets inherit: no delay of small events; an end to clients that vanished without a word (later than the write
    /// stall, so that one that is there but does not read is told apart); and little of the kernel's memory for those that do not read.
    static func setTCPOptions(_ descriptor: Int32, _ limits: HTTPServerLimits) throws(SystemCallError) {
        let tcp = Int32(IPPROTO_TCP)
        try set(descriptor, tcp, TCP_NODELAY, 1)
        let milliseconds = limits.writeStallTimeout.wholeNanoseconds / 1_000_000 + 10_000
        try set(descriptor, tcp, TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
        try set(descriptor, tcp, TCP_NOTSENT_LOWAT, Int32(clamping: limits.unsentBytes))
    }

    static func set(
        _ descriptor: Int32,
        _ level: Int32,
        _ option: Int32,
        _ value: Int32
    ) throws(SystemCallError) {
        _ = try systemCallOrError { linux_set_option(descriptor, level, option, value) }
    }
}
