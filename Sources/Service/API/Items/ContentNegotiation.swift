/// Proactive negotiation (RFC 9110 section 12.5): which of the service's representations a client takes.
enum ContentNegotiation {
    /// The media type among `offered` (in lower case, the service's favourite first) that `accept` likes best; nil when it takes none. Without
    /// the field everything is taken. What cannot be read in it names nothing.
    static func mediaType(_ accept: String?, offered: [String]) -> String? {
        guard let accept else { return offered.first }
        let ranges = accept.split(separator: ",").compactMap { Range($0) }
        if ranges.isEmpty { return offered.first }
        var best: (type: String, quality: Int)?
        for type in offered {
            let quality = quality(of: type, ranges)
            if quality > best?.quality ?? 0 { best = (type, quality) }
        }
        return best?.type
    }

    /// The quality of the most specific range that `type` lies in; 0 when it lies in none.
    private static func quality(of type: String, _ ranges: [Range]) -> Int {
        let family = type.prefix { $0 != "/" } + "/*"
        for name in [type, String(family), "*/*"] {
            if let range = ranges.first(where: { $0.name == name }) { return range.quality }
        }
        return 0
    }

    /// One element of such a field: a name in lower case and a weight in thousandths.
    private struct Range {
        let name: String
        var quality = 1000

        init?(_ element: Substring) {
            let parts = element.split(separator: ";")
            guard let first = parts.first else { return nil }
            name = Self.trimmed(first).lowercased()
            if name.isEmpty { return nil }
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1)
                guard pair.count == 2, Self.trimmed(pair[0]).lowercased() == "q" else { continue }
                guard let weight = Self.weight(Self.trimmed(pair[1])) else { return nil }
                quality = weight
            }
        }

        /// `0`, `1` and up to three digits after a point (section 12.4.2).
        private static func weight(_ text: Substring) -> Int? {
            let digits = Array(text.utf8)
            guard let first = digits.first, first == 0x30 || first == 0x31, digits.count <= 5 else { return nil }
            if digits.count > 1, digits[1] != UInt8(ascii: ".") { return nil }
            var value = Int(first - 0x30) * 1000
            var scale = 100
            for digit in digits.dropFirst(2) {
                guard (0x30...0x39).contains(digit) else { return nil }
                value += Int(digit - 0x30) * scale
                scale /= 10
            }
            return value <= 1000 ? value : nil
        }

        private static func trimmed(_ text: Substring) -> Substring {
            var text = text
            while text.first == " " || text.first == "\t" { text.removeFirst() }
            while text.last == " " || text.last == "\t" { text.removeLast() }
            return text
        }
    }
}
