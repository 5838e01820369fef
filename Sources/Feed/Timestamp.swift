/// RFC 3339 in UTC with milliseconds, appended as bytes: `2026-11-23T15:40:09.120Z`.
package enum Timestamp {
    /// Appends the time of `milliseconds` since 1970 UTC (years 1970 to 9999; anything before counts as 1970).
    package static func append(_ milliseconds: Int64, to output: inout [UInt8]) {
        let milliseconds = max(0, milliseconds)
        let seconds = milliseconds / 1000
        let secondOfDay = seconds % 86_400
        let (year, month, day) = date(daysSince1970: seconds / 86_400)
        append(year, width: 4, to: &output)
        output.append(UInt8(ascii: "-"))
        append(month, width: 2, to: &output)
        output.append(UInt8(ascii: "-"))
        append(day, width: 2, to: &output)
        output.append(UInt8(ascii: "T"))
        append(secondOfDay / 3600, width: 2, to: &output)
        output.append(UInt8(ascii: ":"))
        append(secondOfDay / 60 % 60, width: 2, to: &output)
        output.append(UInt8(ascii: ":"))
        append(secondOfDay % 60, width: 2, to: &output)
        output.append(UInt8(ascii: "."))
        append(milliseconds % 1000, width: 3, to: &output)
        output.append(UInt8(ascii: "Z"))
    }

    /// The same as a String.
    package static func text(_ milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The Gregorian date, counted in 400-year cycles of years that begin in March, so that a leap day comes last.
    private static func date(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSince1970 + 719_468
        let cycle = days / 146_097
        let dayOfCycle = days % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func append(_ value: Int64, width: Int, to output: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
