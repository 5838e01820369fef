/// A short hash of what a replica is a copy of: the stream, and the attributes that it leaves out. Replicas with one tag show equal items.
package struct StreamTag: Sendable, Hashable, CustomStringConvertible {
    /// 35 bits.
    package let bits: UInt64

    /// Takes the low 35 bits of a hash.
    package init(hash: UInt64) { bits = hash & (1 << 35 - 1) }

    /// Reads seven characters of `a-z2-7`; nil for anything else.
    package init?(_ text: String) { self.init(Substring(text).utf8) }

    /// The same of a part of a text.
    init?(_ text: Substring.UTF8View) {
        guard text.count == 7, let bits = Watermarks.number(text, radix: 32, digit: StreamTag.digit) else { return nil }
        self.bits = bits
    }

    /// Seven characters of `a-z2-7`.
    package var description: String {
        String(decoding: (0..<7).map { Epoch.alphabet[Int(bits >> (30 - 5 * $0) & 31)] }, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(byte - UInt8(ascii: "a"))
        case UInt8(ascii: "2")...UInt8(ascii: "7"): UInt64(byte - UInt8(ascii: "2")) + 26
        default: nil
        }
    }
}

/// A reader's place by the times that stream records bear (ApproximateCreationDateTime), in milliseconds since 1970 UTC. Every replica of
/// the stream can compare them with its own, whatever its seqs are.
package struct Watermarks: Sendable, Hashable {
    /// The stream that the times are of.
    package let stream: StreamTag
    /// The reader has every record that bears this time or an earlier one, by the evidence of the replica that it read from.
    package let low: Int64
    /// The reader has no record that bears a later time.
    package let high: Int64

    /// Names a place; negative times count as 0.
    package init(stream: StreamTag, low: Int64, high: Int64) {
        self.stream = stream
        self.low = max(0, low)
        self.high = max(0, high)
    }

    /// Reads the last three parts of a position; nil for anything but what `append` writes.
    init?(stream: Substring.UTF8View, low: Substring.UTF8View, high: Substring.UTF8View) {
        guard let stream = StreamTag(stream), let low = Watermarks.time(low), let high = Watermarks.time(high) else {
            return nil
        }
        self.init(stream: stream, low: low, high: high)
    }

    /// Appends `.<stream>.<low>.<high>`: the tag, and two times in base 36 with at most nine digits.
    func append(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "."))
        for shift in stride(from: 30, through: 0, by: -5) {
            output.append(Epoch.alphabet[Int(stream.bits >> shift & 31)])
        }
        Watermarks.append(low, to: &output)
        Watermarks.append(high, to: &output)
    }

    /// The greatest time that a position can say: in the year 5188.
    package static let greatest: Int64 = 101_559_956_668_415

    private static func append(_ time: Int64, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "."))
        var rest = UInt64(min(time, greatest))
        var power: UInt64 = 1
        while rest / power >= 36 { power *= 36 }
        while power > 0 {
            let digit = UInt8(rest / power)
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            rest %= power
            power /= 36
        }
    }

    private static func time(_ text: Substring.UTF8View) -> Int64? {
        guard (1...9).contains(text.count), text.first != UInt8(ascii: "0") || text.count == 1,
            let number = number(text, radix: 36, digit: digit)
        else { return nil }
        return Int64(number)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(byte - UInt8(ascii: "a")) + 10
        default: nil
        }
    }

    /// The number that at most nine digits write.
    static func number(_ text: Substring.UTF8View, radix: UInt64, digit: (UInt8) -> UInt64?) -> UInt64? {
        var number: UInt64 = 0
        for byte in text {
            guard let value = digit(byte) else { return nil }
            number = number * radix + value
        }
        return number
    }
}
