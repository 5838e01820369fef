import CLinux
import Glibc

/// Opens the sockets of a plan: all, or none and an error.
struct SocketOpener {
    /// How often a free port is looked for that both loopback addresses have free.
    private static let portAttempts = 16
    /// The errors of an address family, or of one of its addresses, that this machine does not have.
    private static let missing: Set<Int32> = [EAFNOSUPPORT, EPROTONOSUPPORT, EADDRNOTAVAIL]

    private let plan: ListenPlan
    private let limits: HTTPServerLimits
    private let newSocket: (Int32) -> Int32
    private var sockets: [ListeningSocket] = []
    private var notes: [String] = []
    /// The addresses opened so far. A port among them is in use by this process, not by another one.
    private var taken: [(asked: ListenAddress, address: SocketAddress)] = []

    /// `newSocket` makes a non-blocking socket of a family.
    init(_ plan: ListenPlan, _ limits: HTTPServerLimits, newSocket: @escaping (Int32) -> Int32 = linux_stream_socket) {
        self.plan = plan
        self.limits = limits
        self.newSocket = newSocket
    }

    /// The sockets, and sentences about addresses that were left out.
    mutating func open() throws(HTTPServerError) -> (sockets: [ListeningSocket], notes: [String]) {
        do throws(HTTPServerError) {
            for socket in plan.passed {
                sockets.append(try adopt(socket))
                taken.append((Self.named(socket.address), socket.address))
            }
            for entry in plan.entries {
                switch entry.rule {
                case .first: try openFirst(entry)
                case .each: try openEach(entry)
                }
            }
        } catch {
            for socket in sockets { socket.close() }
            throw error
        }
        return (sockets, notes)
    }

    private func adopt(_ socket: PassedSocket) throws(HTTPServerError) -> ListeningSocket {
        if socket.address.isIP {
            do throws(SystemCallError) { try ListeningSocket.setTCPOptions(socket.descriptor, limits) } catch {
                throw .unusableDescriptor(socket.label, error.text)
            }
        }
        let bound = BoundAddress(
            socket.address,
            isDualStack: Self.isDualStack(socket.descriptor, socket.address),
            passed: socket.label
        )
        return ListeningSocket(descriptor: socket.descriptor, bound: bound, file: nil)
    }

    private mutating func openFirst(_ entry: ListenPlan.Entry) throws(HTTPServerError) {
        for (index, address) in entry.addresses.enumerated() {
            do throws(ListeningFailure) {
                sockets.append(try open(address, entry))
                taken.append((entry.asked, address))
                return
            } catch {
                guard let cause = Self.missingCause(error), index + 1 < entry.addresses.count else {
                    throw failure(error, entry.asked, address)
                }
                notes.append("this machine has no IPv6 (\(cause)), so \(entry.asked) is served by IPv4 alone")
            }
        }
    }

    private mutating func openEach(_ entry: ListenPlan.Entry) throws(HTTPServerError) {
        for attempt in 1... {
            var opened: [ListeningSocket] = []
            var left: [(SocketAddress, ListeningFailure)] = []
            var port: Int?
            do throws(HTTPServerError) {
                for var address in entry.addresses {
                    if let port, address.port == 0 { address.port = port }
                    do throws(ListeningFailure) {
                        opened.append(try open(address, entry))
                        port = port ?? opened.last?.bound.port
                    } catch {
                        guard Self.missingCause(error) != nil else { throw failure(error, entry.asked, address) }
                        left.append((address, error))
                    }
                }
                if opened.isEmpty, let (address, error) = left.first { throw failure(error, entry.asked, address) }
            } catch {
                for socket in opened { socket.close() }
                // Another process has the port at the second address only.
                let isFree = entry.asked.port == 0 && !opened.isEmpty && attempt < Self.portAttempts
                if isFree, case .cannotListen(_, .addressInUse) = error { continue }
                throw error
            }
            sockets += opened
            taken += entry.addresses.map { (entry.asked, $0) }
            notes += left.map { address, error in
                "\(entry.asked) is not served on \(Self.named(address)): \(Self.missingCause(error) ?? "")"
            }
            return
        }
    }

    private func open(_ address: SocketAddress, _ entry: ListenPlan.Entry) throws(ListeningFailure) -> ListeningSocket {
        let descriptor: Int32
        do throws(SystemCallError) { descriptor = Int32(try systemCallOrError { newSocket(address.family) }) } catch {
            throw .call(error)
        }
        do throws(ListeningFailure) {
            if !address.isIP {
                let file = try SocketFile.bind(
                    descriptor,
                    to: address,
                    mode: plan.socketMode,
                    backlog: ListeningSocket.backlog
                )
                return ListeningSocket(descriptor: descriptor, bound: BoundAddress(address), file: file)
            }
            do throws(SystemCallError) { try listen(descriptor, address, entry) } catch { throw .call(error) }
            let own = SocketAddress(of: descriptor) ?? address
            let bound = BoundAddress(own, isDualStack: Self.isDualStack(descriptor, own))
            return ListeningSocket(descriptor: descriptor, bound: bound, file: nil)
        } catch {
            closeDescriptor(descriptor)
            throw error
        }
    }

    private func listen(
        _ descriptor: Int32,
        _ address: SocketAddress,
        _ entry: ListenPlan.Entry
    ) throws(SystemCallError) {
        // Without SO_REUSEADDR a restart would fail while old connections wait; it does not let two listeners share
        // a port.
        try ListeningSocket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 {
            let isAlone: Int32 = plan.leavesIPv4Out(address, of: entry) ? 1 : 0
            try ListeningSocket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, isAlone)
        }
        try ListeningSocket.setTCPOptions(descriptor, limits)
        _ = try systemCallOrError { address.withSocketAddress { bind(descriptor, $0, $1) } }
        _ = try systemCallOrError { Glibc.listen(descriptor, ListeningSocket.backlog) }
    }

    private func failure(
        _ failure: ListeningFailure,
        _ asked: ListenAddress,
        _ address: SocketAddress
    ) -> HTTPServerError {
        guard case .call(let error) = failure else { return .cannotListen(asked, .notASocket) }
        let cause: HTTPServerError.ListenFailure =
            switch error.code {
            case EADDRINUSE: holder(of: address, asked).map { .heldByOther($0) } ?? .addressInUse
            case EACCES, EPERM, EROFS: .permissionDenied
            case EADDRNOTAVAIL: .noSuchAddress
            case EAFNOSUPPORT, EPROTONOSUPPORT: .noSuchFamily(address.family == AF_INET6 ? "IPv6" : "IPv4")
            case ENOENT, ENOTDIR: .noSuchDirectory
            default: .other(error.text)
            }
        // A name may stand for several addresses, of which one is the trouble.
        let isOneOfSeveral = address.isIP && asked.host == "localhost"
        return .cannotListen(isOneOfSeveral ? .host(address.host, port: address.port) : asked, cause)
    }

    /// The address of the plan that has the port already.
    private func holder(of address: SocketAddress, _ asked: ListenAddress) -> ListenAddress? {
        if !address.isIP { return taken.first { $0.asked == asked }?.asked }
        guard address.port != 0 else { return nil }
        return taken.first { $0.address.port == address.port && $0.address.isIP }?.asked
    }

    private static func missingCause(_ failure: ListeningFailure) -> String? {
        guard case .call(let error) = failure, missing.contains(error.code) else { return nil }
        return error.text
    }

    private static func named(_ address: SocketAddress) -> ListenAddress {
        address.isIP ? .host(address.host, port: address.port) : .unix(path: address.path ?? "")
    }

    private static func isDualStack(_ descriptor: Int32, _ address: SocketAddress) -> Bool {
        guard address.family == AF_INET6, address.isWildcard else { return false }
        var isAlone: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isAlone, &length) == 0 && isAlone == 0
    }
}
