import HTTPSemantics

@testable import HTTPServer

extension AcceptedConnection {
    /// A connection from an IPv4 address.
    init(testing descriptor: Int32, address: UInt32 = 0) {
        self.init(
            descriptor: descriptor,
            origin: ConnectionOrigin(.ip(IPAddress(ipv4: address)), TrustedProxies())
        )
    }
}
