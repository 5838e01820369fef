import Basics

/// The Date field of a response, read more leniently than its form (IMF-fixdate, RFC 9110 section 5.6.7) asks for: a proxy may have
/// written it.
enum WireTime {
    /// Milliseconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`; nil for anything else. The names of the day and of the zone may be
    /// anything and the numbers may have any width; those beyond their range run on into the next larger part.
    static func date(_ text: String) -> Int64? {
        let words = text.split(whereSeparator: { " ,:".contains($0) })
        guard words.count == 8, let month = IMFFixdate.month(named: words[2].utf8) else { return nil }
        guard let day = Int32(words[1]), let year = Int32(words[3]), let hour = Int32(words[4]),
            let minute = Int32(words[5]), let second = Int32(words[6]), (1970...9999).contains(year),
            (1...31).contains(day)
        else { return nil }
        let date = CivilDate(year: Int64(year), month: month, day: Int64(day))
        let time = CivilTime(date, hour: Int64(hour), minute: Int64(minute), second: Int64(second))
        return time.secondsSince1970 * 1_000
    }
}
