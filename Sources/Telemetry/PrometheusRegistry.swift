package import CoreMetrics
import Synchronization

/// Every bound of the registry, with what happens at it.
package struct TelemetryLimits: Sendable, Hashable {
    /// Metric names; further ones are dropped and counted.
    package var metrics = 256
    /// Label sets of one metric; further ones are dropped and counted, so that no label can grow without end.
    package var seriesPerMetric = 500
    /// Upper bounds of a timer's buckets, in seconds.
    package var timerBounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Upper bounds of an aggregating recorder's buckets.
    package var recorderBounds: [Double] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]
    package init() {}
}

/// Keeps the process's metrics and prints them in the Prometheus text exposition format 0.0.4.
///
/// A swift-metrics back end: counters become counters, meters and plain recorders gauges, timers (in seconds) and aggregating
/// recorders histograms with fixed buckets. One kind a name: a second kind under a name is dropped and counted.
package final class PrometheusRegistry: MetricsFactory {
    enum Kind: String { case counter, gauge, histogram }

    enum Instrument {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)

        var kind: Kind {
            switch self {
            case .counter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            }
        }
    }

    struct Family {
        let kind: Kind
        /// By the printed form of the label set.
        var series: [String: Instrument] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var help: [String: String] = [:]
        var dropped: Int64 = 0
    }

    /// The media type of `exposition()`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    static let droppedName = "tablecast_metrics_dropped_series_total"

    private let limits: TelemetryLimits
    private let state = Mutex(State())

    package init(limits: TelemetryLimits = TelemetryLimits()) { self.limits = limits }

    /// Says what a metric means, for its HELP line. swift-metrics has no place for it.
    package func describe(_ label: String, _ help: String) {
        state.withLock { $0.help[PrometheusName.metric(label)] = help }
    }

    /// Everything kept, families and series in name order, ending with a line feed.
    package func exposition() -> String {
        let (families, help, dropped) = state.withLock { ($0.families, $0.help, $0.dropped) }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            PrometheusText.append(name: name, help: help[name] ?? name, family: family, to: &text)
        }
        text += "# HELP \(Self.droppedName) Series not kept because a limit was reached or a name had two kinds.\n"
        text += "# TYPE \(Self.droppedName) counter\n\(Self.droppedName) \(dropped)\n"
        return text
    }

    /// Forgets a gauge's series: its value is not known any more. It returns when it is made again.
    package func withdraw(gauge label: String) {
        let name = PrometheusName.metric(label)
        state.withLock { state in
            if state.families[name]?.kind == .gauge { state.families[name] = nil }
        }
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard
            case .counter(let counter)? = instrument(
                label,
                dimensions,
                .counter,
                make: { .counter(PrometheusCounter()) }
            )
        else { return PrometheusSink() }
        return counter
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        guard case .gauge(let gauge)? = instrument(label, dimensions, .gauge, make: { .gauge(PrometheusGauge()) })
        else {
            return PrometheusSink()
        }
        return gauge
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate {
            return histogram(label, dimensions, bounds: limits.recorderBounds) ?? PrometheusSink()
        }
        guard case .gauge(let gauge)? = instrument(label, dimensions, .gauge, make: { .gauge(PrometheusGauge()) })
        else {
            return PrometheusSink()
        }
        return gauge
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, bounds: limits.timerBounds) ?? PrometheusSink()
    }

    // Series live as long as the process: label sets are bounded, and a counter that went away and came back would look reset.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func histogram(
        _ label: String,
        _ dimensions: [(String, String)],
        bounds: [Double]
    ) -> PrometheusHistogram? {
        let made = instrument(label, dimensions, .histogram, make: { .histogram(PrometheusHistogram(bounds: bounds)) })
        guard case .histogram(let histogram)? = made else { return nil }
        return histogram
    }

    /// The series' instrument, made on first use; nil when a limit or another kind under the name forbids it.
    private func instrument(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: Kind,
        make: () -> Instrument
    ) -> Instrument? {
        let name = PrometheusName.metric(label)
        let labels = PrometheusName.labels(dimensions)
        return state.withLock { state in
            var family = state.families[name] ?? Family(kind: kind)
            if family.kind == kind, let known = family.series[labels] { return known }
            let isNewName = state.families[name] == nil
            guard family.kind == kind, family.series.count < limits.seriesPerMetric,
                !isNewName || state.families.count < limits.metrics
            else {
                state.dropped += 1
                return nil
            }
            let made = make()
            family.series[labels] = made
            state.families[name] = family
            return made
        }
    }
}
