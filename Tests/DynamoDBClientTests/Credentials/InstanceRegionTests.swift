import CurlTransport
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

/// The Region that the instance metadata service names: where there is none, a start ends; where the service fails, it waits.
@Suite struct InstanceRegionTests {
    private func metadata(
        _ url: String,
        _ more: [String: String] = [:],
        limits: DynamoDBClientLimits = patientLimits,
        time: FakeTime = FakeTime()
    ) -> InstanceMetadata {
        InstanceMetadata(
            environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": url].merging(more) { $1 },
            properties: [:],
            http: .plain,
            limits: limits,
            time: time.source
        )
    }

    private func failure(_ metadata: InstanceMetadata) async -> DynamoDBError? {
        do throws(DynamoDBError) {
            _ = try await metadata.region()
            return nil
        } catch { return error }
    }

    @Test("the Region, without the white space around it")
    func region() async throws {
        let server = InstanceScript().server()
        defer { server.stop() }
        #expect(try await metadata(server.url).region() == "eu-central-1")
        #expect(
            server.requests.map(\.requestLine)
                == ["PUT /latest/api/token HTTP/1.1", "GET /latest/meta-data/placement/region HTTP/1.1"]
        )
    }

    @Test(
        "a service that names no Region, and a text that is not a Region",
        arguments: [
            .answer(status: 404, body: ""), .answer(body: " \n"), .answer(body: "evil.example"),
            .answer(body: "<html>"), .answer(body: "eu central"),
        ] as [ScriptedServer.Reply]
    )
    func noRegion(_ reply: ScriptedServer.Reply) async throws {
        let server = InstanceScript(region: reply).server()
        defer { server.stop() }
        #expect(try await metadata(server.url).region() == nil)
        #expect(server.requests.count == 2)
    }

    @Test("something that hands out no tokens is no such service", arguments: [400, 403, 404, 405, 200])
    func noService(status: Int) async throws {
        let server = Script(.answer(status: status, body: "")).server()
        defer { server.stop() }
        #expect(try await metadata(server.url).region() == nil)
        #expect(server.requests.count == 1)
    }

    @Test("nobody there, and switched off")
    func absent() async throws {
        let refused: String?? = await withRefusingPort { port in
            try? await metadata("http://127.0.0.1:\(port)").region()
        }
        #expect(refused == .some(nil))
        let server = InstanceScript().server()
        defer { server.stop() }
        #expect(try await metadata(server.url, ["AWS_EC2_METADATA_DISABLED": "true"]).region() == nil)
        #expect(server.connectionCount == 0)
    }

    @Test("an address that is none is told, and not that a Region is missing")
    func invalidAddress() async {
        let error = await failure(metadata("nonsense"))
        #expect(error?.code == "InvalidEndpointURL")
        #expect(error?.subject == "AWS_EC2_METADATA_SERVICE_ENDPOINT")
        #expect(error?.isRetryable == false)
    }

    @Test("a service that hangs is waited for, and a second is enough for token and Region together")
    func hangs() async {
        let server = Script(.silence).server()
        defer { server.stop() }
        var error: DynamoDBError?
        let elapsed = await ContinuousClock().measure {
            error = await failure(metadata(server.url, limits: DynamoDBClientLimits()))
        }
        // The limit is 1 s; the rest is for a busy machine.
        #expect(elapsed >= .milliseconds(900) && elapsed < .seconds(10))
        #expect(error?.kind == .transient)
        #expect(
            error?.description
                == "GetInstanceMetadata Region failed: InstanceMetadataUnavailable: \(server.url) accepted the connection and sent "
                + "no token within 1 s, as for a container when its hop limit is 1. In a container on EC2, allow one hop more: "
                + "`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id …`. If this is no EC2 "
                + "instance, set AWS_EC2_METADATA_DISABLED=true. AWS_REGION names a Region without the service."
        )
        #expect(server.connectionCount == 1)
    }

    @Test("a Region that never comes ends with the time for the token")
    func hangsLater() async {
        let server = InstanceScript(region: .silence).server()
        defer { server.stop() }
        var limits = DynamoDBClientLimits()
        limits.instanceMetadataTimeout = .milliseconds(300)
        let time = FakeTime()
        let error = await failure(metadata(server.url, limits: limits, time: time))
        #expect(error?.kind == .transient)
        #expect(error?.code == "TimedOut")
        #expect(time.waits.reduce(.zero, +) < .milliseconds(300))
    }

    @Test("a service that fails is waited for", arguments: [500, 503, 429, 401])
    func fails(status: Int) async {
        for server in [
            Script(.answer(status: status, body: "")).server(),
            InstanceScript(region: .answer(status: status, body: "")).server(),
        ] {
            defer { server.stop() }
            let error = await failure(metadata(server.url))
            #expect(error?.isRetryable == true)
            #expect(error?.code == "HTTP \(status)")
            #expect(error?.subject == "Region")
            #expect(error?.hint.hasSuffix(" AWS_REGION names a Region without the service.") == true)
        }
    }

    @Test("a connection that breaks is a service that is there")
    func breaks() async {
        let server = Script(.hangUp).server()
        defer { server.stop() }
        #expect(await failure(metadata(server.url))?.kind == .transient)
    }
}
