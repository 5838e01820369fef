import Glibc

/// Connects a socket to `port` of 127.0.0.1; false, with `errno` set, when that fails.
package func connectToLoopback(_ descriptor: Int32, port: Int) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

/// What a blocking socket has, into `buffer`; as `recv` returns it. A signal, such as that of a stopped process which goes on, does
/// not end the wait.
package func receive(_ descriptor: Int32, into buffer: inout [UInt8]) -> Int {
    while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count >= 0 || errno != EINTR { return count }
    }
}
