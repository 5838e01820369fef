/// The codings that a client takes (RFC 9110 section 12.5.3), as far as we have them: gzip and none.
struct AcceptEncoding: Sendable, Hashable {
    /// Weights in thousandths; 0 is not acceptable.
    private(set) var gzip = 0
    private(set) var identity = 1000

    /// Reads a field's value; without the field only identity is taken. Elements that cannot be read are as if absent.
    init(_ field: String?) {
        guard let field else { return }
        var gzip: Int?
        var identity: Int?
        var any: Int?
        for element in field.split(separator: ",") {
            let parts = element.split(separator: ";", omittingEmptySubsequences: false).map { Self.trimmed($0) }
            guard let coding = parts.first, let weight = Self.weight(parts.dropFirst()) else { continue }
            switch coding.lowercased() {
            case "gzip", "x-gzip": gzip = weight
            case "identity": identity = weight
            case "*": any = weight
            default: break
            }
        }
        self.gzip = gzip ?? any ?? 0
        // Identity is acceptable unless it is refused, by name or with everything.
        self.identity = identity ?? (any == 0 ? 0 : 1)
    }

    /// Whether gzip is taken, and nothing better.
    var prefersGzip: Bool { gzip > 0 && gzip >= identity }

    private static func weight(_ parameters: ArraySlice<Substring>) -> Int? {
        for parameter in parameters {
            let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, pair[0].lowercased() == "q" else { continue }
            return thousandths(pair[1])
        }
        return 1000
    }

    /// Reads 0, 1 and up to three decimals (section 12.4.2); nil for anything else.
    private static func thousandths(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), bytes.count <= 5 else {
            return nil
        }
        guard bytes.count == 1 || bytes[1] == UInt8(ascii: ".") else { return nil }
        var value = Int(first - UInt8(ascii: "0")) * 1000
        var place = 100
        for byte in bytes.dropFirst(2) {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value += Int(byte - UInt8(ascii: "0")) * place
            place /= 10
        }
        return value <= 1000 ? value : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
