import HTTPSemantics

/// The header by which a proxy tells whose connection it passes on, before anything else: the PROXY protocol, versions 1 and 2
/// (haproxy's `doc/proxy-protocol.txt`).
struct ProxyHeader: Equatable {
    enum Outcome: Equatable {
        /// More bytes are needed.
        case incomplete
        case complete(ProxyHeader)
        /// It is no header, or a wrong one: the connection must not be used.
        case malformed(RequestRejection)
    }

    /// The client; nil where the proxy does not tell one: its own health checks (LOCAL), and what it does not know (UNKNOWN, UNSPEC) or did
    /// not get from the network (AF_UNIX).
    var client: IPAddress?
    /// Its bytes. The first request begins behind them.
    var length: Int

    /// The first bytes of version 2, which no request begins with.
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    /// The first bytes of version 1.
    static let word = Array("PROXY ".utf8)

    /// Reads the header at the beginning of `bytes`, which are all that has come of the connection.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int) -> Outcome {
        if begins(bytes, with: signature) { return ProxyHeaderV2.read(bytes, limit: limit) }
        if begins(bytes, with: word) { return ProxyHeaderV1.read(bytes) }
        return .malformed(
            RequestRejection(
                400,
                "the connection does not begin with a PROXY protocol header, which --proxy-protocol expects from this address"
            )
        )
    }

    /// Whether `bytes` begin like `beginning`, as far as they have come.
    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, with beginning: [UInt8]) -> Bool {
        let count = min(bytes.count, beginning.count)
        return (0..<count).allSatisfy { bytes[$0] == beginning[$0] }
    }
}
