/// Which of two media types an Accept field would rather have (RFC 9110 section 12.5.1).
enum MediaPreference {
    /// Whether a browser asks: `text/html` is named, and wanted at least as much as JSON. Anybody who takes anything gets JSON.
    static func prefersHTML(_ accept: String?) -> Bool {
        guard let accept else { return false }
        var html: Int?
        var json = (rank: -1, weight: 0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { Self.trimmed($0).lowercased() }
            guard let type = parts.first else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { thousandths($0.dropFirst(2)) } ?? 1000
            if type == "text/html" { html = weight }
            // The most specific range decides.
            if let rank = ["*/*", "application/*", "application/json"].firstIndex(of: type), rank > json.rank {
                json = (rank, weight)
            }
        }
        guard let html, html > 0 else { return false }
        return html >= json.weight
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    /// A weight from 0 to 1 with up to three decimals, in thousandths; what cannot be read is 0.
    private static func thousandths(_ text: Substring) -> Int {
        guard let first = text.first, first == "0" || first == "1" else { return 0 }
        guard first == "0" else { return 1000 }
        let decimals = text.dropFirst(2).prefix(3)
        let padded = decimals + String(repeating: "0", count: 3 - decimals.count)
        return Int(padded) ?? 0
    }
}
