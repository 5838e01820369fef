/// Numbers of bytes as people write them: `512MiB`, `4Gi`, `1073741824`.
package enum ByteText {
    private static let names = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    /// Kubernetes leaves the B out. Units of a thousand are missing: `512M` is 512 MiB to Docker and 512,000,000 bytes to Kubernetes.
    private static let units: [String: Int64] = [
        "": 1, "Ki": 1 << 10, "KiB": 1 << 10, "Mi": 1 << 20, "MiB": 1 << 20, "Gi": 1 << 30, "GiB": 1 << 30,
        "Ti": 1 << 40,
        "TiB": 1 << 40,
    ]

    /// Reads a whole number, perhaps with a unit; nil for anything else, and for what overflows.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard digits.count <= 18, let number = Digits.number(digits),
            let unit = units[String(decoding: bytes.dropFirst(digits.count), as: UTF8.self)]
        else { return nil }
        let (product, overflow) = Int64(number).multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }

    /// The largest unit with at most one digit behind the point: `1.5 GiB`.
    package static func format(_ bytes: Int64) -> String {
        var value = Double(bytes)
        var unit = 0
        while value.rounded() >= 1_024, unit < names.count - 1 {
            value /= 1_024
            unit += 1
        }
        let tenths = Int64(saturating: (value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) \(names[unit])" : "\(tenths / 10).\(tenths % 10) \(names[unit])"
    }

    /// The shortest form that reads as the same number: `512MiB`.
    package static func exact(_ bytes: Int64) -> String {
        for (name, size) in [("TiB", Int64(1) << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes > 0 && bytes % size == 0 {
            return "\(bytes / size)\(name)"
        }
        return "\(bytes)"
    }
}
