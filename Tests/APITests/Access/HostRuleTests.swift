import HTTPSemantics
import HTTPServer
import ServiceTools
import TableModel
import Testing

@testable import API
@testable import Service

@Suite struct HostRuleTests {
    private func filled(
        isLoopback: Bool = true,
        _ change: @escaping (inout Settings) -> Void = { _ in }
    ) throws -> ServiceFixture {
        let fixture = try ServiceFixture(isLoopback: isLoopback, settings: change)
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        return fixture
    }

    @Test("on loopback without tokens a request for another name is a 421 that names it and the flag, on every path")
    func rebinding() async throws {
        let fixture = try filled()
        for path in API.operations.map(\.pattern).filter({ !$0.contains("{") }) + ["/v1/items/a", "/none"] {
            let answer = try fixture.request(path, host: "evil.example:8080")
            #expect(answer.status == 421, "\(path)")
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer.body.contains("urn:tablecast:problem:misdirected-request"))
            #expect(answer.body.contains("'evil.example'"))
            #expect(answer.body.contains("--allowed-host evil.example"))
            #expect(answer.body.contains("Misdirected Request"))
            #expect(answer["x-content-type-options"] == "nosniff")
        }
        #expect(try fixture.request("/v1/items", method: "OPTIONS", host: "evil.example").status == 421)
        #expect(try fixture.request("http://evil.example/v1/items/a", host: "localhost").status == 421)
        #expect(try fixture.request("http://localhost/v1/items/a", host: "evil.example").status == 200)
        for host in ["localhost", "localhost:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080", "LOCALHOST.:80"] {
            #expect(try fixture.request("/v1/items/a", host: host).status == 200, "\(host)")
        }
        await fixture.stop()
    }

    @Test("named hosts pass, on any port; a star lets all pass")
    func allowed() async throws {
        let fixture = try filled { $0.allowedHosts = .only(["replica.example"]) }
        #expect(try fixture.request("/v1/items/a", host: "Replica.Example.:99").status == 200)
        #expect(try fixture.request("/v1/items/a", host: "localhost").status == 200)
        #expect(try fixture.request("/v1/items/a", host: "x.replica.example").status == 421)
        #expect(try fixture.request("/v1/items/a", host: "10.0.0.7").status == 421)
        await fixture.stop()
        let open = try filled { $0.allowedHosts = .any }
        #expect(try open.request("/v1/items/a", host: "evil.example").status == 200)
        await open.stop()
    }

    @Test("beyond loopback names are looked at only where some are allowed, and probes that come by an address pass")
    func beyond() async throws {
        let open = try filled(isLoopback: false)
        #expect(try open.request("/v1/items/a", host: "evil.example").status == 200)
        await open.stop()
        let named = try filled(isLoopback: false) { $0.allowedHosts = .only(["replica.example"]) }
        #expect(try named.request("/v1/items/a", host: "evil.example").status == 421)
        for host in ["replica.example", "10.0.0.7:8080", "[fd00::1]:8080", "localhost"] {
            #expect(try named.request("/readyz", host: host).status == 200, "\(host)")
        }
        await named.stop()
    }

    @Test("the name that the service was told to listen on is one of its own where it stands for loopback")
    func ownName() async throws {
        for isNamed in [false, true] {
            let fixture = try filled {
                $0.listen = [ListenAddress(host: "Workstation", port: 0)]
                if isNamed { $0.allowedHosts = .only(["replica.example"]) }
            }
            #expect(try fixture.request("/v1/items/a", host: "workstation:8080").status == 200)
            #expect(try fixture.request("/v1/items/a", host: "evil.example").status == 421)
            await fixture.stop()
        }
    }
}
