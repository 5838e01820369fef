/// The media types that a client takes (RFC 9110 section 12.5.1).
package struct AcceptField: Sendable, Hashable {
    private let ranges: [WeightedName]

    /// Reads a field's value. Without the field, or where nothing in it can be read, everything is taken and nothing
    /// named.
    package init(_ field: String?) { ranges = field.map(WeightedName.list) ?? [] }

    /// The media type among `offered` (in lower case, the service's favourite first) that is liked best; nil when none
    /// is taken.
    package func best(of offered: [String]) -> String? {
        if ranges.isEmpty { return offered.first }
        var best: (type: String, weight: Int)?
        for type in offered {
            let weight = weight(of: type)
            if weight > best?.weight ?? 0 { best = (type, weight) }
        }
        return best?.type
    }

    /// Whether `type` is named, and wanted at least as much as `other` (both in lower case). Browsers name `text/html`;
    /// anybody who takes anything does not.
    package func names(_ type: String, before other: String) -> Bool {
        guard let named = ranges.first(where: { $0.name == type }), named.weight > 0 else { return false }
        return named.weight >= weight(of: other)
    }

    /// The weight of the most specific range that `type` lies in; 0 when it lies in none.
    private func weight(of type: String) -> Int {
        let family = type.prefix { $0 != "/" } + "/*"
        for name in [type, String(family), "*/*"] {
            if let range = ranges.first(where: { $0.name == name }) { return range.weight }
        }
        return 0
    }
}
