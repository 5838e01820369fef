import API
import Basics
package import DynamoDBClient
package import HTTPServer
import Logging
import Metrics
package import Telemetry

/// Counts what the HTTP server and the AWS client report. Every label set is fixed or bounded.
package final class ServiceMetrics: HTTPServerObserver, DynamoDBCallObserver {
    package let registry: PrometheusRegistry
    private let logger: Logger
    /// By a route's index.
    private let routes: [RouteMetrics]
    private let unrouted: RouteMetrics
    private let responseBytes: Counter
    private let connections: Counter
    private let disconnections: Counter
    private let warnings: Counter

    package convenience init(registry: PrometheusRegistry) {
        self.init(registry: registry, logger: Logger(label: "tablecast.http"))
    }

    init(registry: PrometheusRegistry, logger: Logger) {
        self.registry = registry
        self.logger = logger
        registry.describe(
            "tablecast_http_requests_total",
            "Responses by route, method and status; none when the connection broke or no route fits."
        )
        registry.describe("tablecast_http_connections_refused_total", "Connections not let in, by the limit reached.")
        registry.describe(
            "tablecast_http_probes_beyond_limit_total",
            "Health probes answered though no connection was free, by the limit reached."
        )
        registry.describe("tablecast_http_response_bytes_total", "Bytes of responses, heads included.")
        registry.describe(
            "tablecast_http_request_duration_seconds",
            "Time from a request to its response by route, the waiting of long polls included."
        )
        registry.describe("tablecast_http_connections_opened_total", "Connections accepted.")
        registry.describe("tablecast_http_connections_closed_total", "Connections ended.")
        registry.describe(
            "tablecast_http_warnings_total",
            "Trouble of the listener, such as running out of descriptors."
        )
        registry.describe(
            "tablecast_aws_calls_total",
            "Calls to AWS by operation and outcome, retries within one call."
        )
        registry.describe("tablecast_aws_retries_total", "Repeated attempts of calls to AWS by operation and cause.")
        registry.describe("tablecast_aws_call_duration_seconds", "Time of calls to AWS, retries included.")
        registry.describe("tablecast_aws_answer_bytes_total", "Bytes of answers from AWS by operation.")
        routes = API.operations.map { RouteMetrics($0.pattern, registry) }
        unrouted = RouteMetrics("none", registry)
        responseBytes = Counter(label: "tablecast_http_response_bytes_total", factory: registry)
        connections = Counter(label: "tablecast_http_connections_opened_total", factory: registry)
        disconnections = Counter(label: "tablecast_http_connections_closed_total", factory: registry)
        warnings = Counter(label: "tablecast_http_warnings_total", factory: registry)
    }

    package func connectionOpened() { connections.increment() }
    package func connectionClosed() { disconnections.increment() }
    package func connectionRefused(_ reason: HTTPRefusal) {
        Counter(
            label: "tablecast_http_connections_refused_total",
            dimensions: [("limit", reason.rawValue)],
            factory: registry
        ).increment()
    }

    package func probeAdmitted(_ reason: HTTPRefusal) {
        Counter(
            label: "tablecast_http_probes_beyond_limit_total",
            dimensions: [("limit", reason.rawValue)],
            factory: registry
        ).increment()
    }

    package func responded(to request: HTTPRequest?, _ outcome: HTTPOutcome) {
        let route = outcome.route.flatMap { routes.indices.contains($0.index) ? routes[$0.index] : nil } ?? unrouted
        route.responded(request?.method, outcome.status, nanoseconds: outcome.duration.wholeNanoseconds)
        responseBytes.increment(by: outcome.bytes)
    }

    package func serverWarning(_ text: String) {
        warnings.increment()
        logger.warning("\(text)")
    }

    package func finished(_ call: DynamoDBCall) {
        let operation = ("operation", call.operation)
        let outcome = ("outcome", call.failure?.rawValue ?? "ok")
        Counter(label: "tablecast_aws_calls_total", dimensions: [operation, outcome], factory: registry).increment()
        for cause in call.retriedFailures {
            Counter(
                label: "tablecast_aws_retries_total",
                dimensions: [operation, ("cause", cause.rawValue)],
                factory: registry
            ).increment()
        }
        Timer(label: "tablecast_aws_call_duration_seconds", dimensions: [operation], factory: registry)
            .recordNanoseconds(call.duration.wholeNanoseconds)
        Counter(label: "tablecast_aws_answer_bytes_total", dimensions: [operation], factory: registry)
            .increment(by: call.responseBytes)
    }
}
