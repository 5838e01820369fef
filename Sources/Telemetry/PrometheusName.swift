/// Names, label values and numbers as the Prometheus text format 0.0.4 wants them.
enum PrometheusName {
    /// `label` with every byte that a metric name may not have (`[a-zA-Z_:][a-zA-Z0-9_:]*`) replaced by `_`.
    static func metric(_ label: String) -> String { sanitized(label, colons: true) }

    /// The same for a label name, which may not have colons.
    static func label(_ name: String) -> String { sanitized(name, colons: false) }

    private static func sanitized(_ text: String, colons: Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                bytes.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte)
            case UInt8(ascii: ":") where colons: bytes.append(byte)
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }

    /// A label value's content: backslash, double quote and line feed escaped.
    static func escapedValue(_ text: String) -> String {
        escaped(text, quotes: true)
    }

    /// A HELP text: backslash and line feed escaped.
    static func escapedHelp(_ text: String) -> String {
        escaped(text, quotes: false)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
            case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case UInt8(ascii: "\"") where quotes: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "\"")]
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A sample's value: `+Inf`, `-Inf`, `NaN`, whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }

    /// `{a="1",b="2"}`, or nothing for no labels.
    static func labels(_ pairs: [(String, String)]) -> String {
        if pairs.isEmpty { return "" }
        return "{" + pairs.map { "\(label($0.0))=\"\(escapedValue($0.1))\"" }.joined(separator: ",") + "}"
    }
}
