import HTTPServer
import Telemetry
import Testing

@testable import Service

@Suite struct RouteMetricsTests {
    @Test("counts by route, method and status, and lets no client make up labels")
    func labels() {
        let registry = PrometheusRegistry()
        let route = RouteMetrics("/v1/items", registry)
        route.responded(.get, 200, nanoseconds: 1)
        route.responded(.get, 304, nanoseconds: 1)
        route.responded(.get, 304, nanoseconds: 1)
        route.responded(.head, 200, nanoseconds: 1)
        route.responded(nil, 0, nanoseconds: 1)
        for name in ["FETCH", "GRAB", "BREW"] { route.responded(.other(name), 501, nanoseconds: 1) }
        let text = registry.exposition()
        for (labels, count) in [
            (#"method="GET",status="200""#, 1), (#"method="GET",status="304""#, 2), (#"method="HEAD",status="200""#, 1),
            (#"method="none",status="none""#, 1), (#"method="other",status="501""#, 3),
        ] {
            let line = #"tablecast_http_requests_total{route="/v1/items",\#(labels)} \#(count)"#
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        #expect(text.contains("\ntablecast_http_request_duration_seconds_count{route=\"/v1/items\"} 8\n"))
    }
}
