import API
import Telemetry

/// The metrics of the credentials in use and of the clock.
struct AWSMetrics: Sendable {
    private let metrics: CollectedMetrics
    private let status: @Sendable () -> AWSStatus

    init(_ metrics: CollectedMetrics, status: @escaping @Sendable () -> AWSStatus) {
        self.metrics = metrics
        self.status = status
        for (name, help) in Self.meanings { metrics.registry.describe(name, help) }
    }

    func collect() {
        let status = status()
        let end = status.credentials.expiresAt
        metrics.gauge("tablecast_credentials_expiry_timestamp_seconds", known: end.map { Double($0) / 1000 })
        metrics.gauge("tablecast_credentials_failing", [], status.credentials.trouble == nil ? 0 : 1)
        metrics.counter("tablecast_credentials_loads_total", [("outcome", "ok")], status.credentials.loads)
        metrics.counter("tablecast_credentials_loads_total", [("outcome", "failed")], status.credentials.failures)
        let skew = status.clockSkewMilliseconds
        metrics.gauge("tablecast_clock_skew_seconds", known: skew.map { Double($0) / 1000 })
    }

    private static let meanings = [
        ("tablecast_credentials_expiry_timestamp_seconds", "End of the credentials in use since 1970 UTC."),
        ("tablecast_credentials_failing", "1 while the last attempt to load credentials failed."),
        ("tablecast_credentials_loads_total", "Attempts to load credentials, by outcome."),
        ("tablecast_clock_skew_seconds", "How far this machine's clock is ahead of AWS's; negative when it is behind."),
    ]
}
