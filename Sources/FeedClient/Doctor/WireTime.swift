import Glibc

/// Times as answers carry them, in milliseconds since 1970.
enum WireTime {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// RFC 3339 in UTC with milliseconds: `2026-03-04T05:06:07.123Z`; nil for anything else.
    static func timestamp(_ text: String) -> Int64? {
        let numbers = text.split(whereSeparator: { "-T:.Z".contains($0) }).map { Int32($0) }
        guard text.count == 24, numbers.count == 7 else { return nil }
        guard let year = numbers[0], let month = numbers[1], let day = numbers[2], let hour = numbers[3],
            let minute = numbers[4], let second = numbers[5], let fraction = numbers[6]
        else { return nil }
        return milliseconds(year, month, day, hour, minute, second).map { $0 + Int64(fraction) }
    }

    /// An IMF-fixdate (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`; nil for anything else.
    static func date(_ text: String) -> Int64? {
        let words = text.split(whereSeparator: { " ,:".contains($0) })
        guard words.count == 8, let month = months.firstIndex(of: String(words[2])) else { return nil }
        guard let day = Int32(words[1]), let year = Int32(words[3]), let hour = Int32(words[4]),
            let minute = Int32(words[5]), let second = Int32(words[6])
        else { return nil }
        return milliseconds(year, Int32(month) + 1, day, hour, minute, second)
    }

    private static func milliseconds(
        _ year: Int32,
        _ month: Int32,
        _ day: Int32,
        _ hour: Int32,
        _ minute: Int32,
        _ second: Int32
    ) -> Int64? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        var time = tm()
        time.tm_year = year - 1900
        time.tm_mon = month - 1
        time.tm_mday = day
        time.tm_hour = hour
        time.tm_min = minute
        time.tm_sec = second
        return Int64(timegm(&time)) * 1_000
    }
}
