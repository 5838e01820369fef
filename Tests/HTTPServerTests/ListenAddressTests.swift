import Testing

@testable import HTTPServer

@Suite struct ListenAddressTests {
    static func error(_ host: String, _ port: Int) async -> String? {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        do {
            _ = try server.start(host: host, port: port)
            await server.stop(within: .zero)
            return nil
        } catch {
            return error.description(option: "--listen")
        }
    }

    @Test("a port in use says so, and what to do")
    func inUse() async throws {
        try await withServer { _, port in
            #expect(
                await Self.error("127.0.0.1", port)
                    == "cannot listen on 127.0.0.1:\(port): address already in use. "
                    + "Stop the other process, or choose another port with --listen."
            )
        }
    }

    @Test(
        "names what is wrong with an address",
        arguments: [
            (
                "192.0.2.1", 0,
                "cannot listen on 192.0.2.1:0: this machine has no such address. Give one that it has with --listen."
            ),
            ("127.0.0.1", 65_536, "cannot listen on 127.0.0.1:65536: a port is a number from 0 to 65535."),
        ]
    )
    func unusable(_ host: String, _ port: Int, _ text: String) async {
        #expect(await Self.error(host, port) == text)
    }

    @Test("a host that cannot be resolved names itself")
    func unresolved() async throws {
        let text = try #require(await Self.error("256.256.256.256.invalid", 80))
        #expect(text.hasPrefix("cannot listen on 256.256.256.256.invalid:80: "))
        #expect(text.hasSuffix(". Give an address of this machine with --listen."))
    }

    @Test(
        "loopback is the address that a host stands for, not its text",
        arguments: [
            // The resolver reads the last two as 127.0.0.1 and 10.0.0.1, which a comparison of texts would miss.
            ("127.0.0.1", true), ("localhost", true), ("127.255.0.9", true), ("::1", true), ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false), ("::", false), ("10.0.0.7", false), ("fd00::1", false), ("::ffff:10.0.0.7", false),
            ("127.1", true), ("10.1", false),
        ]
    )
    func loopback(_ host: String, _ expected: Bool) throws {
        #expect(try ListenPlan([ListenAddress(host: host, port: 80)]).isLocal == expected)
    }

    @Test(
        "several addresses are loopback only if all are, or are Unix sockets",
        arguments: [
            (["unix:/a.sock"], true), (["unix:/a.sock", "localhost:1", "[::1]:2"], true), ([":80"], false),
            (["127.0.0.1:1", "10.0.0.7:1"], false), (["unix:/a.sock", ":1"], false),
        ]
    )
    func severalLoopback(_ texts: [String], _ expected: Bool) throws {
        let addresses = try texts.map { try #require(ListenAddress($0)) }
        #expect(try ListenPlan(addresses).isLocal == expected)
    }

    @Test("listens on names and on IPv6", arguments: ["localhost", "0.0.0.0", "::", "[::1]"])
    func hosts(_ host: String) async throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        do {
            let port = try server.start(host: host, port: 0)
            #expect(port > 0)
            if host != "[::1]" {
                let client = try RawClient(port: port)
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.receiveResponse().status == 200)
            }
        } catch let error as HTTPServerError {
            // A machine without IPv6 cannot show more than that.
            #expect(host.contains("::"), "\(error)")
        }
        await server.stop(within: .zero)
        #expect(ListenAddress(host: "[::1]", port: 80).description == "[::1]:80")
        #expect(ListenAddress(host: "::1", port: 80).description == "[::1]:80")
    }

    @Test(
        "reads host and port, a port alone, and a path",
        arguments: [
            ("127.0.0.1:8080", .host("127.0.0.1", port: 8080)), (":80", .everywhere(port: 80)),
            ("[::1]:0", .host("::1", port: 0)), ("localhost:65535", .host("localhost", port: 65_535)),
            ("unix:/run/a b.sock", .unix(path: "/run/a b.sock")), ("unix:8080", .host("unix", port: 8080)),
        ] as [(String, ListenAddress)]
    )
    func reads(text: String, address: ListenAddress) throws {
        #expect(ListenAddress(text) == address)
        #expect(address.description == text)
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "localhost", "8080", "a:", "a:65536", "a:+1", "::1:80", "a:8o", "[]:80", "unix:", "unix:run/a.sock",
            "unix:/run/",
        ]
    )
    func refuses(text: String) { #expect(ListenAddress(text) == nil) }
}
