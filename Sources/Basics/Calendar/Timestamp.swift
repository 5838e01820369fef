/// Times as RFC 3339 writes them, in UTC with milliseconds: `2026-11-23T15:40:09.120Z`.
package enum Timestamp {
    private static let length = 24

    /// Appends the time of `milliseconds` since 1970 UTC, for years up to 9999. A time before 1970 counts as its
    /// beginning.
    package static func append(_ milliseconds: Int64, to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length) { room in
            write(milliseconds, to: room)
            output.append(contentsOf: room)
        }
    }

    /// The same as a String.
    package static func text(_ milliseconds: Int64) -> String {
        String(unsafeUninitializedCapacity: length) { room in
            write(milliseconds, to: room)
            return length
        }
    }

    /// Milliseconds since 1970 UTC of a text in this form, from year 1970 on; nil for anything else. A day beyond the
    /// month's end and a time of day beyond 23:59:59 run on into the next day.
    package static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == length, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            bytes[19] == UInt8(ascii: "."), bytes[23] == UInt8(ascii: "Z"),
            let year = Digits.number(bytes[0..<4]), let month = Digits.number(bytes[5..<7]),
            let day = Digits.number(bytes[8..<10]), let hour = Digits.number(bytes[11..<13]),
            let minute = Digits.number(bytes[14..<16]), let second = Digits.number(bytes[17..<19]),
            let fraction = Digits.number(bytes[20..<23]),
            year >= 1_970, (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        return CivilTime(date, hour: hour, minute: minute, second: second).secondsSince1970 * 1_000 + fraction
    }

    /// Writes `length` bytes.
    private static func write(_ milliseconds: Int64, to room: UnsafeMutableBufferPointer<UInt8>) {
        let (seconds, fraction) = max(0, milliseconds).quotientAndRemainder(dividingBy: 1_000)
        let time = CivilTime(secondsSince1970: seconds)
        var text = FixedText(room)
        text.append(time.date.year, width: 4)
        text.append("-")
        text.append(time.date.month, width: 2)
        text.append("-")
        text.append(time.date.day, width: 2)
        text.append("T")
        text.appendTimeOfDay(time)
        text.append(".")
        text.append(fraction, width: 3)
        text.append("Z")
    }
}
