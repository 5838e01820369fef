import Basics

extension JSONWriter {
    /// Writes a member that is a time in milliseconds since 1970, as seconds with three decimals.
    mutating func member(_ name: String, seconds milliseconds: Int64) {
        let fraction = String(milliseconds % 1_000)
        let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
        member(name, raw: "\(milliseconds / 1_000).\(zeros)\(fraction)")
    }
}
