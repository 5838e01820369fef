import Basics

/// Why the server cannot start.
package enum HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why an address cannot be listened on.
    package enum ListenFailure: Sendable, Hashable {
        case invalidPort
        /// In the resolver's words.
        case unresolved(String)
        case addressInUse
        /// Another address of the same server has it.
        case heldByOther(ListenAddress)
        case permissionDenied
        case noSuchAddress
        /// IPv6 or IPv4.
        case noSuchFamily(String)
        /// The path of a Unix socket has so many bytes.
        case pathTooLong(Int)
        case noSuchDirectory
        /// The path of a Unix socket leads to another kind of file.
        case notASocket
        /// In the C library's words.
        case other(String)
    }

    case cannotListen(ListenAddress, ListenFailure)
    /// A socket that was passed to the process, in words, and its trouble.
    case unusableDescriptor(String, String)
    /// The variable that counts passed sockets, which may be so many.
    case unusableCount(String, limit: Int)
    /// Neither an address nor a socket that was passed.
    case nowhereToListen
    /// The server was started before.
    case startedBefore
    /// In the C library's words.
    case cannotStartLoop(String)

    /// One line that says what failed and why.
    package var description: String {
        switch self {
        case .cannotListen(let address, let failure): "cannot listen on \(address): \(failure.cause)."
        case .unusableDescriptor(let label, let cause):
            "cannot listen on the socket \(label): \(cause). Pass stream sockets that listen: in a systemd unit ListenStream= "
                + "with Accept=no."
        case .unusableCount(let text, let limit):
            "cannot take the sockets that were passed: LISTEN_FDS is '\(Excerpt.of(text))'. It must be a number from 0 to \(limit)."
        case .nowhereToListen: "cannot listen: no address was named, and no socket was passed."
        case .startedBefore: "cannot listen: this server was started before."
        case .cannotStartLoop(let cause): "cannot start an event loop: \(cause)."
        }
    }

    /// The same with what to do. `option` is the one that an operator names the address with.
    package func description(option: String) -> String {
        guard case .cannotListen(let address, let failure) = self, let hint = failure.hint(for: address) else {
            return description
        }
        return "\(description) \(hint) with \(option)."
    }
}

extension HTTPServerError.ListenFailure {
    fileprivate var cause: String {
        switch self {
        case .invalidPort: "a port is a number from 0 to 65535"
        case .unresolved(let cause), .other(let cause): cause
        case .addressInUse: "address already in use"
        case .heldByOther(let other): "\(other) has it already"
        case .permissionDenied: "permission denied"
        case .noSuchAddress: "this machine has no such address"
        case .noSuchFamily(let family): "this machine has no \(family)"
        case .pathTooLong(let count):
            "the path has \(count) bytes, and a Unix socket's has at most \(SocketAddress.maximumPathBytes)"
        case .noSuchDirectory: "no such directory"
        case .notASocket: "the path leads to a file that is no socket"
        }
    }

    /// An option completes it.
    fileprivate func hint(for address: ListenAddress) -> String? {
        let isUnix = address.port == nil
        return switch self {
        case .unresolved: "Give an address of this machine"
        case .addressInUse: "Stop the other process, or choose another \(isUnix ? "path" : "port")"
        case .heldByOther: "Name each \(isUnix ? "path" : "port") once"
        case .permissionDenied: isUnix ? "Choose a path that this user may write" : "Choose a port above 1023"
        case .noSuchAddress: "Give one that it has"
        case .noSuchFamily: "Give an address of another family, or a port alone such as :8080,"
        case .pathTooLong: "Choose a shorter one"
        case .noSuchDirectory: "Create it, or choose another path"
        case .notASocket: "Remove it, or choose another path"
        case .invalidPort, .other: nil
        }
    }
}
