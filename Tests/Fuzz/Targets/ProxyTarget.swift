import HTTPSemantics

@testable import HTTPServer

/// The word of proxies on clients: the PROXY protocol's header, whose outcome must not depend on how many bytes have come, and the fields, whose
/// client must be an address that reads back.
struct ProxyTarget: FuzzTarget {
    private let trusted = Networks("10.0.0.0/8,2001:db8::/32,unix") ?? Networks()

    func run(_ bytes: UnsafeRawBufferPointer) {
        let whole = read(bytes, bytes.count)
        if case .complete(let header) = whole {
            require(header.length <= bytes.count, "a header that is longer than what has come")
        }
        var isOver = false
        for count in cuts(bytes).sorted() {
            let part = read(bytes, count)
            require(part == whole || part == .incomplete && !isOver, "another outcome with \(count) bytes")
            isOver = part != .incomplete
        }
        check(ForwardedClient.address(inXForwardedFor: bytes, trusted: trusted))
        check(ForwardedClient.address(inForwarded: bytes, trusted: trusted))
        if let networks = Networks(String(decoding: bytes, as: UTF8.self)) {
            require(Networks(networks.description) == networks, "networks that do not read back")
        }
    }

    private func read(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> ProxyHeader.Outcome {
        Array(bytes.prefix(count)).withUnsafeBufferPointer { ProxyHeader.read($0, limit: 300) }
    }

    private func check(_ address: IPAddress?) {
        guard let address else { return }
        require(IPAddress(address.description) == address, "an address that does not read back")
    }
}
