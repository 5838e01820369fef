import HTTPSemantics
import Testing

@testable import HTTPServer

/// Connections that proxies pass on, over sockets. The proxy is 127.0.0.2, and others are not believed.
@Suite struct ProxiedConnectionTests {
    private static let proxy = "127.0.0.2"

    /// Says who the client is.
    private static let who = ClosureHandler(
        answer: { request in
            request.rawPath == "/poll"
                ? HTTPResponse(status: 200, body: .pending(ScriptedResponse(PollScript(), "poll")))
                : .text("\(request.clientAddress) \(request.peerAddress) \(request.clientKey)")
        },
        probes: ["/livez"]
    )

    private static func proxies(protocolSources: String? = nil, fieldSources: String? = nil) -> TrustedProxies {
        var proxies = TrustedProxies()
        if let protocolSources { proxies.protocolSources = Networks(protocolSources) ?? Networks() }
        if let fieldSources { proxies.fieldSources = Networks(fieldSources) ?? Networks() }
        return proxies
    }

    private static func get(_ path: String = "/", _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    private static func header(_ client: String) -> String { "PROXY TCP4 \(client) 198.51.100.7 4711 80\r\n" }

    private static let local: [UInt8] = ProxyHeader.signature + [0x20, 0, 0, 0]

    private static func key(_ client: String) -> UInt64 { IPAddress(client)?.clientKey ?? 0 }

    @Test("the header names the client of all requests of its connection, however it is cut")
    func names() async throws {
        try await withServer(Self.who, proxies: Self.proxies(protocolSources: "10.0.0.0/8,127.0.0.2")) { _, port in
            let whole = try RawClient(port: port, source: Self.proxy)
            try await whole.send(Self.header("192.0.2.1") + Self.get() + Self.get())
            for _ in 0..<2 {
                #expect(try await whole.receiveResponse().body == "192.0.2.1 127.0.0.2 \(Self.key("192.0.2.1"))")
            }
            try await whole.send(Self.get())
            #expect(try await whole.receiveResponse().body == "192.0.2.1 127.0.0.2 \(Self.key("192.0.2.1"))")
            let cut = try RawClient(port: port, source: Self.proxy)
            for byte in Array((Self.header("192.0.2.1") + Self.get()).utf8) {
                try await cut.send([byte])
                await Task.yield()
            }
            #expect(try await cut.receiveResponse().body.hasPrefix("192.0.2.1 "))
            let second = try RawClient(port: port, source: Self.proxy)
            let address: [UInt8] = [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1]
            try await second.send(
                ProxyHeader.signature + [0x21, 0x21, 0, 36] + address + address + [0, 80, 1, 187]
                    + Array(Self.get().utf8)
            )
            #expect(try await second.receiveResponse().body == "2001:db8::1 127.0.0.2 \(Self.key("2001:db8::1"))")
        }
    }

    @Test("the proxy's own requests, and those of clients that it does not know, are the proxy's")
    func local() async throws {
        try await withServer(Self.who, proxies: Self.proxies(protocolSources: Self.proxy)) { _, port in
            for header in [Self.local, Array("PROXY UNKNOWN\r\n".utf8)] {
                let client = try RawClient(port: port, source: Self.proxy)
                try await client.send(header + Array(Self.get().utf8))
                #expect(try await client.receiveResponse().body == "127.0.0.2 127.0.0.2 \(Self.key("127.0.0.2"))")
            }
        }
    }

    @Test("a header from anywhere else is a 400 that names the option")
    func unexpected() async throws {
        for proxies in [TrustedProxies(), Self.proxies(protocolSources: Self.proxy)] {
            try await withServer(proxies: proxies) { _, port in
                for header in [Array(Self.header("192.0.2.1").utf8), Array("PROXY UNKNOWN\r\n".utf8), Self.local] {
                    let client = try RawClient(port: port)
                    try await client.send(header + Array(Self.get().utf8))
                    let response = try await client.receiveResponse()
                    #expect(response.status == 400)
                    #expect(response.body.contains("--proxy-protocol"), "\(response.body)")
                    try await client.expectEnd()
                }
                // A method of that name is only unknown.
                let client = try RawClient(port: port)
                try await client.send("PROXY /a HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.receiveResponse().body == "PROXY /a []")
            }
        }
    }

    @Test(
        "a proxy that sends no header, or a wrong one, gets a 400",
        arguments: ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP4 a b 1 2\r\n"]
    )
    func missing(bytes: String) async throws {
        let observer = RecordingObserver()
        try await withServer(observer: observer, proxies: Self.proxies(protocolSources: Self.proxy)) { _, port in
            let client = try RawClient(port: port, source: Self.proxy)
            try await client.send(bytes)
            let response = try await client.receiveResponse()
            #expect(response.status == 400)
            #expect(response.body.contains("PROXY protocol header"), "\(response.body)")
            try await client.expectEnd()
        }
        #expect(observer.current.rejected.map(\.address) == [Self.proxy])
    }

    @Test("a header that does not arrive in time is a 408, and none at all the end of the connection")
    func slow() async throws {
        let limits = HTTPServerLimitsTests.limits { $0.headTimeout = .milliseconds(100) }
        try await withServer(limits: limits, proxies: Self.proxies(protocolSources: Self.proxy)) { server, port in
            let cut = try RawClient(port: port, source: Self.proxy)
            try await cut.send("PROXY TCP4 192.0")
            let response = try await cut.receiveResponse()
            #expect(response.status == 408)
            #expect(response.body == "the PROXY protocol header did not arrive in time")
            let silent = try RawClient(port: port, source: Self.proxy)
            try await silent.expectEnd()
            let left = try RawClient(port: port, source: Self.proxy)
            try await left.send("PROXY TCP4 192.0")
            left.close()
            cut.close()
            await eventually("all are gone") { server.openConnections == 0 }
        }
    }

    @Test("a client behind a proxy has the connections of one address, and the proxy as many as it opens")
    func limits() async throws {
        let observer = RecordingObserver()
        let limits = HTTPServerLimitsTests.limits {
            $0.connectionsPerAddress = 2
            $0.evictableIdle = .seconds(600)
        }
        try await withServer(
            Self.who,
            limits: limits,
            observer: observer,
            proxies: Self.proxies(protocolSources: Self.proxy)
        ) { server, port in
            func open(_ header: [UInt8]) async throws -> (RawClient, RawResponse) {
                let client = try RawClient(port: port, source: Self.proxy)
                try await client.send(header + Array(Self.get().utf8))
                return (client, try await client.receiveResponse())
            }
            func open(_ client: String) async throws -> (RawClient, RawResponse) {
                try await open(Array(Self.header(client).utf8))
            }
            var kept: [RawClient] = []
            for client in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"] {
                let (connection, response) = try await open(client)
                #expect(response.status == 200)
                kept.append(connection)
            }
            let (refused, response) = try await open("192.0.2.1")
            #expect(response.status == 503)
            #expect(response.body == "all 2 connections that one address may have are in use")
            try await refused.expectEnd()
            await eventually("the refusal is counted") { observer.current.refused == [.address] }
            #expect(observer.current.rejected.map(\.client) == ["192.0.2.1"])
            #expect(observer.current.warnings.first?.contains("192.0.2.1") == true)
            for _ in 0..<5 {
                let (connection, response) = try await open(Self.local)
                #expect(response.status == 200)
                kept.append(connection)
            }
            // The place of one that has left is free.
            kept[0].close()
            refused.close()
            await eventually("it is gone") { server.openConnections == 8 }
            #expect(try await open("192.0.2.1").1.status == 200)
        }
    }

    @Test("a connection beyond its client's limit is closed at once, and keeps no place of others")
    func refusedAtOnce() async throws {
        let limits = HTTPServerLimitsTests.limits {
            $0.connectionsPerAddress = 1
            $0.evictableIdle = .seconds(600)
            $0.lingerTimeout = .seconds(600)
        }
        try await withServer(Self.who, limits: limits, proxies: Self.proxies(protocolSources: Self.proxy)) {
            server,
            port in
            let first = try RawClient(port: port, source: Self.proxy)
            try await first.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await first.receiveResponse().status == 200)
            let second = try RawClient(port: port, source: Self.proxy)
            try await second.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await second.receiveResponse().status == 503)
            await eventually("its place is free") { server.openConnections == 1 }
            first.close()
        }
    }

    @Test("an idle connection of the same client makes room for a new one")
    func room() async throws {
        let limits = HTTPServerLimitsTests.limits {
            $0.connectionsPerAddress = 1
            $0.evictableIdle = .zero
        }
        try await withServer(Self.who, limits: limits, proxies: Self.proxies(protocolSources: Self.proxy)) { _, port in
            let first = try RawClient(port: port, source: Self.proxy)
            try await first.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await first.receiveResponse().status == 200)
            let other = try RawClient(port: port, source: Self.proxy)
            try await other.send(Self.header("192.0.2.2") + Self.get())
            #expect(try await other.receiveResponse().status == 200)
            let second = try RawClient(port: port, source: Self.proxy)
            try await second.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await second.receiveResponse().status == 200)
            try await first.expectEnd()
            try await other.send(Self.get())
            #expect(try await other.receiveResponse().status == 200)
        }
    }

    @Test("a probe behind a header is answered where all connections are in use", arguments: [true, false])
    func probe(isWhole: Bool) async throws {
        let observer = RecordingObserver()
        let limits = HTTPServerLimitsTests.limits { $0.connections = 1 }
        try await withServer(
            Self.who,
            limits: limits,
            observer: observer,
            proxies: Self.proxies(protocolSources: Self.proxy)
        ) { _, port in
            let busy = try RawClient(port: port)
            try await busy.send(Self.get("/poll"))
            await eventually("its place is taken") { observer.current.opened == 1 }
            let probe = try RawClient(port: port, source: Self.proxy)
            if isWhole {
                try await probe.send(Self.header("192.0.2.1") + Self.get("/livez"))
            } else {
                for part in [
                    "PROXY TCP4 192.0.2.1 ", "198.51.100.7 4711 80\r\nGET /livez", " HTTP/1.1\r\nHost: a\r\n\r\n",
                ] {
                    try await probe.send(part)
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await probe.receiveResponse().body.hasPrefix("192.0.2.1 127.0.0.2 "))
            let other = try RawClient(port: port, source: Self.proxy)
            try await other.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await other.receiveResponse().status == 503)
            await eventually("the probe is counted") { observer.current.probes == [.total] }
        }
    }

    enum Sending: CaseIterable { case whole, parts, wholeAndLast }

    @Test("a probe behind a header is answered where its client has all its connections", arguments: Sending.allCases)
    func probeAtClientsLimit(sending: Sending) async throws {
        let observer = RecordingObserver()
        let limits = HTTPServerLimitsTests.limits {
            $0.connectionsPerAddress = 1
            $0.evictableIdle = .seconds(600)
            $0.probeHeadTimeout = .seconds(600)
        }
        try await withServer(
            Self.who,
            limits: limits,
            observer: observer,
            proxies: Self.proxies(protocolSources: Self.proxy)
        ) { server, port in
            let busy = try RawClient(port: port, source: Self.proxy)
            try await busy.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await busy.receiveResponse().status == 200)
            let probe = try RawClient(port: port, source: Self.proxy)
            if sending != .parts {
                try await probe.send(Self.header("192.0.2.1") + Self.get("/livez"))
                if sending == .wholeAndLast { probe.finishSending() }
            } else {
                for part in [Self.header("192.0.2.1"), "GET /li", "vez HTTP/1.1\r\nHost: a\r\n\r\n"] {
                    try await probe.send(part)
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let response = try await probe.receiveResponse()
            #expect(response.status == 200)
            #expect(response.body.hasPrefix("192.0.2.1 127.0.0.2 "))
            try await probe.expectEnd()
            await eventually("the probe is counted") { observer.current.probes == [.address] }
            #expect(observer.current.refused.isEmpty)
            let other = try RawClient(port: port, source: Self.proxy)
            try await other.send(Self.header("192.0.2.1") + Self.get())
            #expect(try await other.receiveResponse().status == 503)
            await eventually("the refusal is counted") { observer.current.refused == [.address] }
            try await busy.send(Self.get())
            #expect(try await busy.receiveResponse().status == 200)
            await eventually("one is open") { server.openConnections == 1 }
        }
    }

    @Test(
        "fields of a trusted proxy name the client of their request, X-Forwarded-For before Forwarded; garbage names nobody",
        arguments: [
            ("X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n", "192.0.2.1"),
            ("x-forwarded-for: 192.0.2.1, 10.1.1.1\r\n", "192.0.2.1"),
            ("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1\r\n", "192.0.2.1"),
            (#"Forwarded: for=6.6.6.6\#r\#nForwarded: for="[2001:db8::1]:80";proto=https\#r\#n"#, "2001:db8::1"),
            ("Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"),
            ("Forwarded: for=6.6.6.6\r\nX-Forwarded-For: garbage\r\n", "127.0.0.2"), ("", "127.0.0.2"),
            ("Forwarded: for=_x\r\n", "127.0.0.2"),
        ]
    )
    func fields(_ fields: String, _ client: String) async throws {
        let proxies = Self.proxies(fieldSources: "127.0.0.2,10.0.0.0/8")
        try await withServer(Self.who, proxies: proxies) { _, port in
            let trusted = try RawClient(port: port, source: Self.proxy)
            try await trusted.send(Self.get("/", fields) + Self.get("/", "X-Forwarded-For: 192.0.2.9\r\n"))
            #expect(try await trusted.receiveResponse().body == "\(client) 127.0.0.2 \(Self.key(client))")
            // Each request has its own client.
            #expect(try await trusted.receiveResponse().body == "192.0.2.9 127.0.0.2 \(Self.key("192.0.2.9"))")
            let other = try RawClient(port: port)
            try await other.send(Self.get("/", fields))
            #expect(try await other.receiveResponse().body == "127.0.0.1 127.0.0.1 \(Self.key("127.0.0.1"))")
        }
    }

    @Test("a proxy whose fields are trusted opens as many connections as it wants, also behind one that sends headers")
    func chain() async throws {
        let limits = HTTPServerLimitsTests.limits { $0.connectionsPerAddress = 1 }
        let proxies = Self.proxies(protocolSources: Self.proxy, fieldSources: "127.0.0.3,10.0.0.1")
        try await withServer(Self.who, limits: limits, proxies: proxies) { _, port in
            var kept: [RawClient] = []
            for _ in 0..<3 {
                let direct = try RawClient(port: port, source: "127.0.0.3")
                try await direct.send(Self.get("/", "X-Forwarded-For: 192.0.2.1\r\n"))
                #expect(try await direct.receiveResponse().body == "192.0.2.1 127.0.0.3 \(Self.key("192.0.2.1"))")
                let chained = try RawClient(port: port, source: Self.proxy)
                try await chained.send(Self.header("10.0.0.1") + Self.get("/", "X-Forwarded-For: 192.0.2.1\r\n"))
                #expect(try await chained.receiveResponse().body == "192.0.2.1 127.0.0.2 \(Self.key("192.0.2.1"))")
                kept += [direct, chained]
            }
        }
    }
}
