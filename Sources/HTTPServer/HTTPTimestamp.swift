/// Times as HTTP's fields write them (RFC 9110 section 5.6.7), in seconds since 1970 UTC.
package enum HTTPTimestamp {
    private static let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let longDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// An IMF-fixdate, 29 characters: `Sun, 06 Nov 1994 08:49:37 GMT`. For times from year 0 to 9999.
    package static func format(_ seconds: Int64) -> String {
        let (day, time) = seconds.quotientAndRemainderRoundedDown(86_400)
        let (year, month, dayOfMonth) = civil(day)
        let weekday = Int((day + 4).quotientAndRemainderRoundedDown(7).remainder)
        return String(unsafeUninitializedCapacity: 29) { buffer in
            var count = 0
            func put(_ text: StaticString) {
                text.withUTF8Buffer {
                    for byte in $0 {
                        buffer[count] = byte
                        count += 1
                    }
                }
            }
            func put(_ number: Int, digits: Int) {
                var rest = number
                for index in stride(from: count + digits - 1, through: count, by: -1) {
                    buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                count += digits
            }
            put(days[weekday])
            put(", ")
            put(dayOfMonth, digits: 2)
            put(" ")
            put(months[month - 1])
            put(" ")
            put(min(9999, max(0, year)), digits: 4)
            put(" ")
            put(Int(time / 3600), digits: 2)
            put(":")
            put(Int(time / 60 % 60), digits: 2)
            put(":")
            put(Int(time % 60), digits: 2)
            put(" GMT")
            return count
        }
    }

    /// Reads the three forms that a recipient must accept: IMF-fixdate, RFC 850 and asctime; nil for anything else. A two-digit
    /// year lies at most fifty years after `now`.
    package static func parse(_ text: String, now: Int64) -> Int64? {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard let first = words.first else { return nil }
        if first.hasSuffix(","), words.count == 6, words[5] == "GMT", isDay(first.dropLast(), days.map(\.description)) {
            guard text.utf8.count == 29 else { return nil }
            return make(day: words[1], month: words[2], year: words[3], time: words[4])
        }
        if first.hasSuffix(","), words.count == 4, words[3] == "GMT", isDay(first.dropLast(), longDays) {
            let date = words[1].split(separator: "-", omittingEmptySubsequences: false)
            guard date.count == 3, let short = number(date[2], digits: 2...2) else { return nil }
            let thisYear = civil(now.quotientAndRemainderRoundedDown(86_400).quotient).year
            var year = thisYear - thisYear % 100 + short
            if year > thisYear + 50 { year -= 100 }
            return make(day: date[0], month: date[1], year: Substring(padded(year)), time: words[2])
        }
        if words.count == 5, isDay(first, days.map(\.description)), text.utf8.count == 24 {
            guard let day = number(words[2], digits: 1...2) else { return nil }
            return make(
                day: Substring(day < 10 ? "0\(day)" : "\(day)"),
                month: words[1],
                year: words[4],
                time: words[3]
            )
        }
        return nil
    }

    private static func isDay(_ word: Substring, _ names: [String]) -> Bool { names.contains(String(word)) }

    private static func padded(_ year: Int) -> String {
        String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
    }

    private static func make(day: Substring, month: Substring, year: Substring, time: Substring) -> Int64? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false)
        guard let monthIndex = months.firstIndex(where: { $0.description == month }), clock.count == 3,
            let day = number(day, digits: 2...2), let year = number(year, digits: 4...4),
            let hour = number(clock[0], digits: 2...2), let minute = number(clock[1], digits: 2...2),
            let second = number(clock[2], digits: 2...2), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = ordinal(year, monthIndex + 1, day)
        guard day >= 1, civil(days) == (year, monthIndex + 1, day) else { return nil }
        return days * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int? {
        let bytes = text.utf8
        guard digits.contains(bytes.count), bytes.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int(text)
    }

    /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. Years are counted from March, so that the leap day
    /// is a year's last.
    private static func ordinal(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let year = Int64(month <= 2 ? year - 1 : year)
        let (era, yearOfEra) = year.quotientAndRemainderRoundedDown(400)
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
        let (era, day) = (days + 719_468).quotientAndRemainderRoundedDown(146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (
            Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), Int(month), Int(dayOfYear - (153 * shifted + 2) / 5 + 1)
        )
    }
}

extension Int64 {
    /// The quotient rounded down, and the remainder, which is never negative.
    fileprivate func quotientAndRemainderRoundedDown(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
