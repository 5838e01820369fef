/// Prints one metric family (Prometheus text exposition format 0.0.4).
enum PrometheusText {
    static func append(name: String, help: String, family: PrometheusRegistry.Family, to text: inout String) {
        text += "# HELP \(name) \(PrometheusName.escapedHelp(help))\n# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
            switch instrument {
            case .counter(let counter): text += "\(name)\(labels) \(counter.current)\n"
            case .gauge(let gauge): text += "\(name)\(labels) \(PrometheusName.number(gauge.current))\n"
            case .histogram(let histogram): append(name: name, labels: labels, histogram: histogram, to: &text)
            }
        }
    }

    private static func append(name: String, labels: String, histogram: PrometheusHistogram, to text: inout String) {
        let reading = histogram.reading
        // The label set without its braces, so that `le` can join it.
        let inner = labels.isEmpty ? "" : String(labels.dropFirst().dropLast()) + ","
        let bounds = histogram.bounds.map(PrometheusName.number) + ["+Inf"]
        for (bound, count) in zip(bounds, reading.cumulative) {
            text += "\(name)_bucket{\(inner)le=\"\(bound)\"} \(count)\n"
        }
        text += "\(name)_sum\(labels) \(PrometheusName.number(reading.sum))\n"
        text += "\(name)_count\(labels) \(reading.cumulative.last ?? 0)\n"
    }
}
