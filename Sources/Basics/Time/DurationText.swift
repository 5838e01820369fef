/// Durations as people write them: `250ms`, `5s`, `2m`, `1h`.
package enum DurationText {
    /// Reads a whole number followed by ms, s, m or h; nil for anything else, and for what overflows a day a million times over.
    package static func parse(_ text: String) -> Duration? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard digits.count <= 12, let number = Digits.number(digits) else { return nil }
        switch String(decoding: bytes.dropFirst(digits.count), as: UTF8.self) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    /// The shortest form with a whole number: `250ms`, `90s`, `2m`.
    package static func format(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        if seconds == 0 || seconds % 60 != 0 { return "\(seconds)s" }
        return seconds % 3600 == 0 ? "\(seconds / 3600)h" : "\(seconds / 60)m"
    }

    /// The part of an error that describes `range`: its bounds, and the `examples` that lie in it, as in
    /// `1s to 5m, such as 5s or 2m`.
    package static func hint(_ range: ClosedRange<Duration>, examples: [String]) -> String {
        let bounds = "\(format(range.lowerBound)) to \(format(range.upperBound))"
        let fitting = examples.filter { parse($0).map(range.contains) ?? false }
        guard let last = fitting.last else { return bounds }
        let list = fitting.count == 1 ? last : "\(fitting.dropLast().joined(separator: ", ")) or \(last)"
        return "\(bounds), such as \(list)"
    }
}
