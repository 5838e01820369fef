import Metrics
import Synchronization
import Telemetry

/// Gauges and counters whose values somebody else keeps: they are brought up to date when `/metrics` is read.
final class CollectedMetrics: Sendable {
    let registry: PrometheusRegistry
    /// The totals that the counters have been given so far, by name and label.
    private let given = Mutex<[String: Int]>([:])

    init(registry: PrometheusRegistry) { self.registry = registry }

    /// Sets a gauge.
    func gauge(_ name: String, _ dimensions: [(String, String)], _ value: Double) {
        Gauge(label: name, dimensions: dimensions, factory: registry).record(value)
    }

    /// Sets a gauge without labels, or withdraws it: one that is left alone would go on telling the last value.
    func gauge(_ name: String, known value: Double?) {
        if let value { gauge(name, [], value) } else { registry.withdraw(gauge: name) }
    }

    /// Raises a counter to `total`, which its owner keeps.
    func counter(_ name: String, _ dimensions: [(String, String)], _ total: Int) {
        let key = name + dimensions.map { "|\($0.1)" }.joined()
        let increase = given.withLock { given in
            let before = given[key, default: 0]
            given[key] = max(before, total)
            return max(0, total - before)
        }
        Counter(label: name, dimensions: dimensions, factory: registry).increment(by: increase)
    }
}
