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
        #expect(try ResolvedAddress(host: host, port: 80).isLoopback == expected)
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
        "reads host and port",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080, "http://127.0.0.1:8080"),
            (":80", "0.0.0.0", 80, "http://127.0.0.1:80"),
            ("[::1]:0", "::1", 0, "http://[::1]:0"), ("localhost:65535", "localhost", 65535, "http://localhost:65535"),
        ]
    )
    func reads(text: String, host: String, port: Int, url: String) throws {
        let address = try #require(ListenAddress(text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.url == url)
    }

    @Test("refuses everything else", arguments: ["", "localhost", "8080", "a:", "a:65536", "a:+1", "::1:80", "a:8o"])
    func refuses(text: String) { #expect(ListenAddress(text) == nil) }
}
