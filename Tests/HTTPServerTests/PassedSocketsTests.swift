import CLinux
import Glibc
import Testing

@testable import HTTPServer

@Suite struct PassedSocketsTests {
    private static func named(_ environment: [String: String]) throws -> [String] {
        try PassedSockets.descriptors(environment, process: 7).map { "\($0.descriptor) \($0.name ?? "-")" }
    }

    private static func failure(_ descriptor: Int32, name: String? = nil) -> String {
        do {
            _ = try PassedSockets([(descriptor, name)])
            return "no error"
        } catch { return "\(error)" }
    }

    /// A socket that listens, as another process would have made it: blocking, and inherited by programs.
    private static func listener(_ type: __socket_type = SOCK_STREAM, listens: Bool = true) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        let address = SocketAddress(AF_INET, isLoopback: true, port: 0)
        #expect(address.withSocketAddress { bind(descriptor, $0, $1) } == 0)
        if listens { #expect(listen(descriptor, 16) == 0) }
        return descriptor
    }

    @Test("reads the descriptors and their names")
    func reads() throws {
        #expect(try Self.named(["LISTEN_PID": "7", "LISTEN_FDS": "1"]) == ["3 -"])
        let names = ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "http::unknown"]
        #expect(try Self.named(names) == ["3 http", "4 -", "5 -"])
    }

    @Test(
        "variables for another process mean nothing",
        arguments: [[:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "8", "LISTEN_FDS": "x"], ["LISTEN_PID": "7"]]
    )
    func others(_ environment: [String: String]) throws {
        #expect(try Self.named(environment) == [])
    }

    @Test("no descriptors are none", arguments: ["0"])
    func none(_ count: String) throws {
        #expect(try Self.named(["LISTEN_PID": "7", "LISTEN_FDS": count]) == [])
    }

    @Test("a count that is no number is an error that names it", arguments: ["", "-1", "65", "2x"])
    func counts(_ count: String) {
        #expect(throws: HTTPServerError.unusableCount(count, limit: 64)) {
            () throws in _ = try Self.named(["LISTEN_PID": "7", "LISTEN_FDS": count])
        }
        #expect(
            HTTPServerError.unusableCount(count, limit: 64).description
                == "cannot take the sockets that were passed: LISTEN_FDS is '\(count)'. It must be a number from 0 to 64."
        )
    }

    @Test("a socket that was passed is served, beside an address, and is not inherited any more")
    func serves() async throws {
        let descriptor = try Self.listener()
        let port = try #require(SocketAddress(of: descriptor)).port
        let passed = try PassedSockets([(descriptor, "http")])
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let plan = try ListenPlan([ListenAddress(host: "127.0.0.1", port: 0)], passed: passed)
        #expect(plan.isLocal)
        let listening = try server.start(on: plan)
        #expect(
            listening.addresses.first?.description
                == "http://127.0.0.1:\(port) (passed as descriptor \(descriptor) 'http')"
        )
        for port in listening.addresses.compactMap(\.port) {
            let client = try RawClient(port: port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse().status == 200)
        }
        #expect(listening.addresses.count == 2)
        await server.stop(within: .zero)
    }

    @Test("a port of a socket that was passed is no other process's")
    func namedTwice() throws {
        let descriptor = try Self.listener()
        let port = try #require(SocketAddress(of: descriptor)).port
        let passed = try PassedSockets([(descriptor, nil)])
        var opener = SocketOpener(try ListenPlan([.everywhere(port: port)], passed: passed), HTTPServerLimits())
        let other = ListenAddress(host: "127.0.0.1", port: port)
        #expect(throws: HTTPServerError.cannotListen(.everywhere(port: port), .heldByOther(other))) {
            () throws in _ = try opener.open()
        }
    }

    @Test("a descriptor that nobody can connect to is an error that names it and says what to pass")
    func unusable() throws {
        let hint = "Pass stream sockets that listen: in a systemd unit ListenStream= with Accept=no."
        func text(_ label: String, _ cause: String) -> String {
            "cannot listen on the socket passed as descriptor \(label): \(cause). \(hint)"
        }
        #expect(Self.failure(9_999) == text("9999", "it is not open"))
        let file = open("/dev/null", O_RDONLY)
        let datagrams = try Self.listener(SOCK_DGRAM, listens: false)
        let silent = try Self.listener(listens: false)
        defer { for descriptor in [file, datagrams, silent] { close(descriptor) } }
        #expect(Self.failure(file, name: "web") == text("\(file) 'web'", "it is no socket"))
        #expect(Self.failure(datagrams) == text("\(datagrams)", "it is no stream socket"))
        #expect(Self.failure(silent) == text("\(silent)", "it does not listen"))
    }
}
