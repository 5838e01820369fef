import Glibc
import Testing

@testable import Service

@Suite struct SupervisorTests {
    /// A socket that hears of the state; its name as `NOTIFY_SOCKET` has it.
    private static func ear(_ name: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: Array(name.utf8))
            if name.hasPrefix("@") { path[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        #expect(status == 0)
        return descriptor
    }

    private static func heard(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? "nothing" : String(decoding: bytes[..<count], as: UTF8.self)
    }

    @Test(
        "tells the service manager in the lines of sd_notify(3)",
        arguments: ["/tmp/tablecast-notify", "@tablecast-notify"]
    )
    func notifies(_ prefix: String) {
        let name = "\(prefix)-\(getpid())"
        let ear = Self.ear(name)
        defer {
            close(ear)
            unlink(name)
        }
        let supervisor = Supervisor(environment: ["NOTIFY_SOCKET": name])
        supervisor.notify([.ready, .status("listening on a\nb")])
        #expect(Self.heard(ear) == "READY=1\nSTATUS=listening on a b")
        supervisor.notify([.moreTime(seconds: 60)])
        #expect(Self.heard(ear) == "EXTEND_TIMEOUT_USEC=60000000")
        supervisor.notify([.stopping])
        #expect(Self.heard(ear) == "STOPPING=1")
    }

    @Test(
        "without somebody who listens it does nothing",
        arguments: ["", "relative", "/nonexistent/notify", "vsock:2:1"]
    )
    func silent(_ name: String) {
        Supervisor(environment: ["NOTIFY_SOCKET": name]).notify([.ready])
        Supervisor.none.notify([.ready])
    }
}
