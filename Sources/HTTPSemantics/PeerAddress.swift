/// The other end of a connection: an address of the network, or a process of this machine that connected to a Unix socket.
package enum PeerAddress: Sendable, Hashable, CustomStringConvertible {
    case ip(IPAddress)
    case unix

    /// The same for all addresses of one client (`IPAddress.clientKey`). Peers of Unix sockets have one key, that of the address 0.0.0.0,
    /// which no client has.
    package var clientKey: UInt64 {
        switch self {
        case .ip(let address): address.clientKey
        case .unix: 0
        }
    }

    /// The address; `unix:` for a process that connected to a Unix socket, which has none.
    package var description: String {
        switch self {
        case .ip(let address): address.description
        case .unix: "unix:"
        }
    }
}
