/// Why the server cannot start.
package enum HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why an address cannot be listened on.
    package enum ListenFailure: Sendable, Hashable {
        case invalidPort
        /// In the resolver's words.
        case unresolved(String)
        case addressInUse
        case permissionDenied
        case noSuchAddress
        /// In the C library's words.
        case other(String)
    }

    case cannotListen(ListenAddress, ListenFailure)
    /// The server was started before.
    case startedBefore(ListenAddress)
    /// In the C library's words.
    case cannotStartLoop(String)

    /// One line that says what failed and why.
    package var description: String {
        switch self {
        case .cannotListen(let address, let failure): "cannot listen on \(address): \(failure.cause)."
        case .startedBefore(let address): "cannot listen on \(address): this server was started before."
        case .cannotStartLoop(let cause): "cannot start an event loop: \(cause)."
        }
    }

    /// The same with what to do. `option` is the one that an operator names the address with.
    package func description(option: String) -> String {
        guard case .cannotListen(_, let failure) = self, let hint = failure.hint else { return description }
        return "\(description) \(hint) with \(option)."
    }
}

extension HTTPServerError.ListenFailure {
    fileprivate var cause: String {
        switch self {
        case .invalidPort: "a port is a number from 0 to 65535"
        case .unresolved(let cause), .other(let cause): cause
        case .addressInUse: "address already in use"
        case .permissionDenied: "permission denied"
        case .noSuchAddress: "this machine has no such address"
        }
    }

    /// An option completes it.
    fileprivate var hint: String? {
        switch self {
        case .unresolved: "Give an address of this machine"
        case .addressInUse: "Stop the other process, or choose another port"
        case .permissionDenied: "Choose a port above 1023"
        case .noSuchAddress: "Give one that it has"
        case .invalidPort, .other: nil
        }
    }
}
