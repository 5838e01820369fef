import Basics

/// One element of a field that lists what a client takes, as `text/html;q=0.5` (RFC 9110 section 12.4.2).
package struct WeightedName: Sendable, Hashable {
    /// In lower case; parameters are left out.
    package let name: String
    /// In thousandths; 0 is not acceptable, and 1000 what has no weight.
    package let weight: Int

    /// The elements of a field's value, in their order. Elements that cannot be read are left out.
    package static func list(_ field: String) -> [WeightedName] {
        field.split(separator: ",").compactMap { WeightedName($0) }
    }

    private init?(_ element: Substring) {
        let end = element.firstIndex(of: ";") ?? element.endIndex
        name = element[..<end].trimmed().lowercased()
        var weight = 1000
        for parameter in element[end...].split(separator: ";") {
            let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, pair[0].trimmed().lowercased() == "q" else { continue }
            guard let value = Self.thousandths(pair[1].trimmed()) else { return nil }
            weight = value
        }
        if name.isEmpty { return nil }
        self.weight = weight
    }

    /// Reads `0`, `1` and up to three digits after a point; nil for anything else.
    private static func thousandths(_ text: Substring) -> Int? {
        let digits = text.utf8
        guard digits.count <= 5, let first = digits.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"),
            digits.count == 1 || digits.dropFirst().first == UInt8(ascii: ".")
        else { return nil }
        let decimals = digits.dropFirst(2)
        guard let fraction = decimals.isEmpty ? 0 : Digits.number(decimals) else { return nil }
        let value = Int(first - UInt8(ascii: "0")) * 1000 + Int(fraction) * [1000, 100, 10, 1][decimals.count]
        return value <= 1000 ? value : nil
    }
}
