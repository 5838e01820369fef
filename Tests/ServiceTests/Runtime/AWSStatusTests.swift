import API
import ServiceTools
import Synchronization
import TableModel
import Testing

@testable import Service

/// What an operator sees of the credentials and the clock: the status and the metrics.
@Suite struct AWSStatusTests {
    private final class Reach: Sendable {
        private let status = Mutex(
            AWSStatus(region: "eu-central-1", endpoint: "http://127.0.0.1:1", streamsEndpoint: "http://127.0.0.1:2")
        )
        var current: AWSStatus { status.withLock { $0 } }
        func change(_ change: (inout AWSStatus) -> Void) { status.withLock { change(&$0) } }
    }

    private func fixture(_ reach: Reach?) throws -> ServiceFixture {
        let aws: (@Sendable () -> AWSStatus)? = if let reach { { reach.current } } else { nil }
        let fixture = try ServiceFixture(aws: aws)
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        return fixture
    }

    @Test("the status is null, and no metric is there, where nobody calls AWS")
    func none() async throws {
        let fixture = try fixture(nil)
        #expect(try fixture.request("/v1/status").body.contains(#""aws":null"#))
        let metrics = try fixture.request("/metrics").body
        #expect(!metrics.contains("tablecast_credentials") && !metrics.contains("tablecast_clock_skew"))
        await fixture.stop()
    }

    @Test("before the first call neither credentials nor clock are known")
    func unknown() async throws {
        let fixture = try fixture(Reach())
        let expected =
            #""aws":{"region":"eu-central-1","endpoint":"http://127.0.0.1:1","streams_endpoint":"http://127.0.0.1:2","#
            + #""credentials":{"source":null,"expires_at":null,"loads":0,"failures":0,"trouble":null},"clock_skew_ms":null}"#
        let status = try fixture.request("/v1/status").body
        #expect(status.contains(expected), "\(status)")
        let metrics = try fixture.request("/metrics").body
        #expect(!metrics.contains("tablecast_credentials_expiry") && !metrics.contains("tablecast_clock_skew"))
        #expect(metrics.contains("\ntablecast_credentials_loads_total{outcome=\"ok\"} 0\n"))
        await fixture.stop()
    }

    @Test(
        "the status and the metrics follow the credentials and the clock, and what is unknown again leaves the metrics"
    )
    func known() async throws {
        let reach = Reach()
        let fixture = try fixture(reach)
        reach.change {
            $0.credentials.source = "profile dev"
            $0.credentials.expiresAt = 1_700_000_900_500
            $0.credentials.loads = 3
            $0.credentials.failures = 2
            $0.credentials.trouble = "AssumeRole failed"
            $0.clockSkewMilliseconds = -3_600_250
        }
        let expected =
            #""credentials":{"source":"profile dev","expires_at":"2023-11-14T22:28:20.500Z","loads":3,"failures":2,"#
            + #""trouble":"AssumeRole failed"},"clock_skew_ms":-3600250}"#
        let status = try fixture.request("/v1/status").body
        #expect(status.contains(expected), "\(status)")
        let metrics = try fixture.request("/metrics").body
        for line in [
            "tablecast_credentials_expiry_timestamp_seconds 1700000900.5", "tablecast_credentials_failing 1",
            "tablecast_credentials_loads_total{outcome=\"ok\"} 3",
            "tablecast_credentials_loads_total{outcome=\"failed\"} 2", "tablecast_clock_skew_seconds -3600.25",
        ] { #expect(metrics.contains("\n\(line)\n"), "\(line)") }
        reach.change {
            $0.credentials.expiresAt = nil
            $0.credentials.trouble = nil
            $0.clockSkewMilliseconds = nil
        }
        let later = try fixture.request("/metrics").body
        #expect(!later.contains("tablecast_credentials_expiry") && !later.contains("tablecast_clock_skew"))
        #expect(later.contains("\ntablecast_credentials_failing 0\n"))
        await fixture.stop()
    }
}
