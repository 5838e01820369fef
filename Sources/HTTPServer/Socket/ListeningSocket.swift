import Basics
import CLinux
import Glibc

/// Sockets that clients connect to.
enum ListeningSocket {
    /// Binds an address and listens there: a non-blocking descriptor.
    static func open(at address: ResolvedAddress, _ limits: HTTPServerLimits) throws(HTTPServerError) -> Int32 {
        do throws(SystemCallError) {
            return try open(address, limits)
        } catch {
            let cause: HTTPServerError.ListenFailure =
                switch error.code {
                case EADDRINUSE: .addressInUse
                case EACCES: .permissionDenied
                case EADDRNOTAVAIL: .noSuchAddress
                default: .other(error.text)
                }
            throw .cannotListen(address.asked, cause)
        }
    }

    private static func open(_ address: ResolvedAddress, _ limits: HTTPServerLimits) throws(SystemCallError) -> Int32 {
        let descriptor = Int32(try systemCallOrError { linux_stream_socket(address.family) })
        do throws(SystemCallError) {
            // Without SO_REUSEADDR a restart would fail while old connections wait; it does not let two listeners share
            // a port.
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if address.family == AF_INET6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            // Accepted sockets inherit all three: no delay of small events; an end to clients that vanished without a
            // word (later than the write stall, so that one that is there but does not read is told apart); and little
            // of the kernel's memory for those that do not read.
            let tcp = Int32(IPPROTO_TCP)
            try set(descriptor, tcp, TCP_NODELAY, 1)
            let milliseconds = limits.writeStallTimeout.wholeNanoseconds / 1_000_000 + 10_000
            try set(descriptor, tcp, TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
            try set(descriptor, tcp, TCP_NOTSENT_LOWAT, Int32(clamping: limits.unsentBytes))
            _ = try systemCallOrError { address.withSocketAddress { bind(descriptor, $0, $1) } }
            _ = try systemCallOrError { listen(descriptor, 4096) }
        } catch {
            closeDescriptor(descriptor)
            throw error
        }
        return descriptor
    }

    private static func set(
        _ descriptor: Int32,
        _ level: Int32,
        _ option: Int32,
        _ value: Int32
    ) throws(SystemCallError) {
        _ = try systemCallOrError { linux_set_option(descriptor, level, option, value) }
    }
}
