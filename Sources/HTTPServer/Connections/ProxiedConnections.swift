/// The beginning of connections that proxies pass on: reads the PROXY protocol header, and counts the connection for its client.
final class ProxiedConnections {
    enum Outcome {
        case incomplete
        /// The first request begins behind so many bytes.
        case complete(Int)
        case rejected(RequestRejection)
        /// The client has as many connections as it may.
        case refused(RequestRejection)
    }

    private let limits: HTTPServerLimits
    private let proxies: TrustedProxies
    private let observer: (any HTTPServerObserver)?
    private let connections: OpenConnections
    private let idleEviction: IdleEviction
    private let warning: PacedWarning

    init(_ configuration: HTTPServerConfiguration, _ connections: OpenConnections, _ idleEviction: IdleEviction) {
        limits = configuration.limits
        proxies = configuration.proxies
        observer = configuration.observer
        warning = PacedWarning(configuration.observer)
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
            return admit(connection, as: origin) ? .complete(header.length) : refuse(connection, origin)
        }
    }

    /// A client that has as many connections as it may makes room with an idle one of its own, as at the door.
    private func admit(_ connection: Connection, as origin: ConnectionOrigin) -> Bool {
        connections.count(connection, for: origin)
            || idleEviction.makeRoom(of: origin.countedKey) && connections.count(connection, for: origin)
    }

    private func refuse(_ connection: Connection, _ origin: ConnectionOrigin) -> Outcome {
        // It goes on to count for the proxy.
        connection.origin.refuse(as: origin)
        warning.warn(
            "connections of \(origin.clientText) are refused: the limit of \(limits.connectionsPerAddress) for one address is reached."
        )
        observer?.connectionRefused(.address)
        return .refused(RequestRejection(503, "all connections that one address may have are in use"))
    }
}
