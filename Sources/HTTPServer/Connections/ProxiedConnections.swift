/// The beginning of connections that proxies pass on: reads the PROXY protocol header, and counts the connection for its client.
final class ProxiedConnections {
    enum Outcome {
        case incomplete
        /// The first request begins behind so many bytes.
        case complete(Int)
        case rejected(RequestRejection)
        /// The client has as many connections as it may. The connection is no longer this loop's.
        case refused
    }

    private let limits: HTTPServerLimits
    private let proxies: TrustedProxies
    private let connections: OpenConnections
    private let idleEviction: IdleEviction

    init(_ configuration: HTTPServerConfiguration, _ connections: OpenConnections, _ idleEviction: IdleEviction) {
        limits = configuration.limits
        proxies = configuration.proxies
        self.connections = connections
        self.idleEviction = idleEviction
    }

    /// Reads the header at the beginning of `bytes`, all that has come of the connection.
    func takeHeader(of connection: Connection, from bytes: UnsafeBufferPointer<UInt8>) -> Outcome {
        switch ProxyHeader.read(bytes, limit: limits.proxyHeaderBytes) {
        case .incomplete: return .incomplete
        case .malformed(let rejection): return .rejected(rejection)
        case .complete(let header):
            var origin = connection.origin
            origin.take(header, proxies)
            if admit(connection, as: origin) {
                connection.gate = nil
                return .complete(header.length)
            }
            refuse(connection, origin, rest: Array(bytes[header.length...]))
            return .refused
        }
    }

    /// A client that has as many connections as it may makes room with an idle one of its own, as at the door.
    private func admit(_ connection: Connection, as origin: ConnectionOrigin) -> Bool {
        connections.count(connection, for: origin)
            || idleEviction.makeRoom(of: origin.countedKey) && connections.count(connection, for: origin)
    }

    /// As at the door: a health probe is answered all the same, and any other request is refused. One client beyond its limit keeps no place
    /// of others meanwhile.
    private func refuse(_ connection: Connection, _ origin: ConnectionOrigin, rest: [UInt8]) {
        let gate = connection.gate
        let descriptor = connections.giveUp(connection)
        let accepted = AcceptedConnection(descriptor: descriptor, origin: origin)
        if let gate { gate.take(accepted, .address, input: rest) } else { closeDescriptor(descriptor) }
    }
}
