import CXXHash

/// A sum over the live items of some contents, by which two replicas compare theirs: equal items give equal sums, in whatever order they came.
///
/// Each item counts with the XXH3 hash (128 bits) of its key and packed bytes. The two halves are summed apart, without carries. It finds
/// faults; it does not withstand somebody who makes items on purpose.
package struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// The digest of no items.
    package init() {}

    /// Reads 32 hexadecimal digits in lower case; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ Self.digits.contains($0) }) else { return nil }
        guard let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16) else {
            return nil
        }
        (self.low, self.high) = (low, high)
    }

    private static let digits = Set("0123456789abcdef".utf8)

    /// Counts an item that has entered the contents.
    @inline(__always)
    mutating func add(_ content: UnsafeRawBufferPointer) {
        let hash = Self.hash(of: content)
        low &+= hash.low
        high &+= hash.high
    }

    /// Counts an item that has left them.
    @inline(__always)
    mutating func remove(_ content: UnsafeRawBufferPointer) {
        let hash = Self.hash(of: content)
        low &-= hash.low
        high &-= hash.high
    }

    @inline(__always)
    private static func hash(of content: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
        var halves: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &halves) { halves in
            let halves = halves.bindMemory(to: CUnsignedLongLong.self)
            tablecast_xxh3_128(content.baseAddress, content.count, halves.baseAddress)
        }
        return halves
    }

    /// 32 hexadecimal digits in lower case.
    package var description: String { Self.text(high) + Self.text(low) }

    private static func text(_ half: UInt64) -> String {
        let text = String(half, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
