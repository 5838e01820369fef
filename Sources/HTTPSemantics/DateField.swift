import Basics

/// Dates as fields give them, in any of the forms that a recipient must accept (RFC 9110 section 5.6.7).
package enum DateField {
    private static let dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Seconds since 1970 UTC of an IMF-fixdate or one of the obsolete forms, those of RFC 850 and of C's asctime; nil
    /// for anything else. A year of two digits lies at most fifty years after `now`.
    package static func seconds(_ text: String, now: Int64) -> Int64? {
        IMFFixdate.seconds(text) ?? rfc850(text, now: now) ?? asctime(text)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    private static func rfc850(_ text: String, now: Int64) -> Int64? {
        let words = text.utf8.split(separator: UInt8(ascii: " "))
        guard words.count == 4, words[0].last == UInt8(ascii: ","), words[3].elementsEqual("GMT".utf8),
            dayNames.contains(where: { words[0].dropLast().elementsEqual($0.utf8) })
        else { return nil }
        let date = words[1].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard date.count == 3, date[0].count == 2, date[2].count == 2, let shortYear = Digits.number(date[2]) else {
            return nil
        }
        let thisYear = CivilTime(secondsSince1970: now).date.year
        let year = thisYear - thisYear % 100 + shortYear
        return seconds(day: date[0], month: date[1], year: year > thisYear + 50 ? year - 100 : year, time: words[2])
    }

    /// `Sun Nov  6 08:49:37 1994`
    private static func asctime(_ text: String) -> Int64? {
        let words = text.utf8.split(separator: UInt8(ascii: " "))
        guard text.utf8.count == 24, words.count == 5, IMFFixdate.isDayName(words[0]), words[2].count <= 2,
            words[4].count == 4, let year = Digits.number(words[4])
        else { return nil }
        return seconds(day: words[2], month: words[1], year: year, time: words[3])
    }

    private typealias Word = Substring.UTF8View

    private static func seconds(day: Word, month: Word, year: Int64, time: Word) -> Int64? {
        let clock = time.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard clock.count == 3, clock.allSatisfy({ $0.count == 2 }), let day = Digits.number(day),
            let month = IMFFixdate.month(named: month), let hour = Digits.number(clock[0]),
            let minute = Digits.number(clock[1]), let second = Digits.number(clock[2])
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        let time = CivilTime(date, hour: hour, minute: minute, second: second)
        return time.exists ? time.secondsSince1970 : nil
    }
}
