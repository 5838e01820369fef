import HTTPSemantics
import Synchronization

/// The other end of a connection, and the client behind it as far as a proxy tells it.
struct ConnectionOrigin: Sendable {
    /// The peer of the socket.
    let peer: PeerAddress
    /// The peer in text.
    let peerText: String
    /// The client that a PROXY protocol header named; the peer without one.
    private(set) var client: PeerAddress
    /// The client in text.
    private(set) var clientText: String
    /// A PROXY protocol header comes before the first request.
    private(set) var awaitsHeader: Bool
    /// The client is a proxy that tells in fields whose requests it sends.
    private(set) var trustsFields: Bool
    /// The key under which the connection counts. That of the client; of its own for a proxy, which is not one client but many.
    private(set) var countedKey: UInt64

    /// The origin of a connection from `peer`.
    init(_ peer: PeerAddress, _ proxies: borrowing TrustedProxies) {
        self.peer = peer
        peerText = peer.description
        client = peer
        clientText = peerText
        awaitsHeader = proxies.protocolSources.contains(peer)
        trustsFields = proxies.fieldSources.contains(peer)
        // A process that connects to a Unix socket is usually a proxy for many clients, too.
        countedKey = awaitsHeader || trustsFields || peer == .unix ? Self.ownKey() : peer.clientKey
    }

    /// The PROXY protocol header has come. Where it names no client, the connection is the proxy's own.
    mutating func take(_ header: ProxyHeader, _ proxies: borrowing TrustedProxies) {
        awaitsHeader = false
        guard let address = header.client else { return }
        client = .ip(address)
        clientText = address.description
        trustsFields = proxies.fieldSources.contains(client)
        if !trustsFields { countedKey = client.clientKey }
    }

    private static let ownKeys = Atomic<UInt32>(0)

    /// A key that no other connection has: the first half of an IPv6 address that is a group's (RFC 4291 section 2.7), and so no client's.
    private static func ownKey() -> UInt64 {
        0xFFFF_FFFF_0000_0000 | UInt64(ownKeys.add(1, ordering: .relaxed).oldValue)
    }
}
