import HTTPServer
import Metrics
import Synchronization
import Telemetry

/// What is counted of one route. The labels are bounded: the route is a pattern of ours or `none`, the method a registered one, `other`
/// or `none`, the status a number that our own code gave.
final class RouteMetrics: Sendable {
    private struct Series: Hashable {
        let method: HTTPMethod?
        let status: Int
    }

    private let route: String
    private let registry: PrometheusRegistry
    /// GET answered 200, which nearly all requests are: counted without a lock, and there from the start.
    private let usual: Counter
    /// All others, made when they first come.
    private let others = Mutex<[Series: Counter]>([:])
    private let time: Timer

    init(_ route: String, _ registry: PrometheusRegistry) {
        self.route = route
        self.registry = registry
        usual = Self.counter(route, "GET", "200", registry)
        time = Timer(
            label: "tablecast_http_request_duration_seconds",
            dimensions: [("route", route)],
            factory: registry
        )
    }

    /// Counts an answer. `method` is nil for bytes that never became a request; `status` is 0 when the connection broke.
    func responded(_ method: HTTPMethod?, _ status: Int, nanoseconds: Int64) {
        if status == 200, method == .get {
            usual.increment()
        } else {
            other(method, status).increment()
        }
        time.recordNanoseconds(nanoseconds)
    }

    private func other(_ method: HTTPMethod?, _ status: Int) -> Counter {
        var method = method
        // Clients may make up names; one series holds them all.
        if case .other = method { method = .other("other") }
        let series = Series(method: method, status: status)
        return others.withLock { others in
            if let known = others[series] { return known }
            let made = Self.counter(route, method?.name ?? "none", status == 0 ? "none" : String(status), registry)
            others[series] = made
            return made
        }
    }

    private static func counter(
        _ route: String,
        _ method: String,
        _ status: String,
        _ registry: PrometheusRegistry
    ) -> Counter {
        Counter(
            label: "tablecast_http_requests_total",
            dimensions: [("route", route), ("method", method), ("status", status)],
            factory: registry
        )
    }
}
