import CoreMetrics
import Testing

@testable import Telemetry

@Suite struct PrometheusRegistryTests {
    @Test("prints counters with HELP, TYPE and labels")
    func counters() {
        let registry = PrometheusRegistry()
        registry.describe("app.requests", "Requests \\ answered\nso far.")
        registry.makeCounter(label: "app.requests", dimensions: [("status", "2xx")]).increment(by: 3)
        registry.makeCounter(label: "app.requests", dimensions: [("status", "5xx")]).increment(by: 1)
        registry.makeCounter(label: "app.requests", dimensions: [("status", "2xx")]).increment(by: 2)
        #expect(
            registry.exposition().hasPrefix(
                """
                # HELP app_requests Requests \\\\ answered\\nso far.
                # TYPE app_requests counter
                app_requests{status="2xx"} 5
                app_requests{status="5xx"} 1

                """
            )
        )
    }

    @Test("escapes label values and sanitises label names")
    func escapes() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "9lives", dimensions: [("a-b:c", "x\\y\"z\nw")]).increment(by: 1)
        #expect(registry.exposition().contains("_9lives{a_b_c=\"x\\\\y\\\"z\\nw\"} 1\n"))
    }

    @Test("prints a timer as a histogram in seconds with +Inf, _sum and _count")
    func timers() {
        var limits = TelemetryLimits()
        limits.timerBounds = [0.001, 0.1]
        let registry = PrometheusRegistry(limits: limits)
        let timer = registry.makeTimer(label: "wait_seconds", dimensions: [("op", "Scan")])
        timer.recordNanoseconds(1_000_000)
        timer.recordNanoseconds(50_000_000)
        timer.recordNanoseconds(2_000_000_000)
        let text = registry.exposition()
        #expect(text.contains("# TYPE wait_seconds histogram\n"))
        #expect(text.contains("wait_seconds_bucket{op=\"Scan\",le=\"0.001\"} 1\n"))
        #expect(text.contains("wait_seconds_bucket{op=\"Scan\",le=\"0.1\"} 2\n"))
        #expect(text.contains("wait_seconds_bucket{op=\"Scan\",le=\"+Inf\"} 3\n"))
        #expect(text.contains("wait_seconds_sum{op=\"Scan\"} 2.051\n"))
        #expect(text.contains("wait_seconds_count{op=\"Scan\"} 3\n"))
    }

    @Test("a gauge that is withdrawn is gone until it is set again; a counter stays")
    func withdrawal() {
        let registry = PrometheusRegistry()
        registry.makeMeter(label: "a", dimensions: []).set(Int64(1))
        registry.makeCounter(label: "b", dimensions: []).increment(by: 2)
        for name in ["a", "b", "c"] { registry.withdraw(gauge: name) }
        #expect(!registry.exposition().contains("a 1\n"))
        #expect(registry.exposition().contains("\nb 2\n"))
        registry.makeMeter(label: "a", dimensions: []).set(Int64(3))
        #expect(registry.exposition().contains("\na 3\n"))
    }

    @Test("prints gauges, also those that are not whole or not finite")
    func gauges() {
        let registry = PrometheusRegistry()
        registry.makeRecorder(label: "a", dimensions: [], aggregate: false).record(Int64(7))
        registry.makeMeter(label: "b", dimensions: []).set(0.25)
        registry.makeMeter(label: "c", dimensions: []).set(-Double.infinity)
        registry.makeMeter(label: "d", dimensions: []).set(Double.nan)
        let text = registry.exposition()
        for line in ["a 7", "b 0.25", "c -Inf", "d NaN"] { #expect(text.contains("\n\(line)\n")) }
    }

    @Test("drops and counts label sets over the limit, so that a label cannot grow without end")
    func boundedSeries() {
        var limits = TelemetryLimits()
        limits.seriesPerMetric = 2
        let registry = PrometheusRegistry(limits: limits)
        for index in 0..<5 { registry.makeCounter(label: "n", dimensions: [("i", "\(index)")]).increment(by: 1) }
        let text = registry.exposition()
        #expect(text.contains("n{i=\"1\"} 1\n"))
        #expect(!text.contains("n{i=\"2\"}"))
        #expect(text.hasSuffix("tablecast_metrics_dropped_series_total 3\n"))
    }

    @Test("keeps one kind a name")
    func oneKind() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "n", dimensions: []).increment(by: 1)
        registry.makeTimer(label: "n", dimensions: []).recordNanoseconds(1)
        let text = registry.exposition()
        #expect(text.contains("# TYPE n counter\nn 1\n"))
        #expect(!text.contains("n_bucket"))
        #expect(text.hasSuffix("tablecast_metrics_dropped_series_total 1\n"))
    }
}
