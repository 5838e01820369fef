/// A date and a time of day in UTC, without leap seconds.
package struct CivilTime: Sendable, Hashable {
    /// The day.
    package let date: CivilDate
    /// The hour of the day.
    package let hour: Int64
    /// The minute of the hour.
    package let minute: Int64
    /// The second of the minute.
    package let second: Int64

    /// Names the parts. Those beyond their range, such as minute 60, run on into the next larger one.
    package init(_ date: CivilDate, hour: Int64, minute: Int64, second: Int64) {
        self.date = date
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The time `seconds` after the beginning of 1970.
    package init(secondsSince1970 seconds: Int64) {
        let (day, time) = seconds.quotientAndRemainderRoundedDown(86_400)
        self.init(CivilDate(daysSince1970: day), hour: time / 3_600, minute: time / 60 % 60, second: time % 60)
    }

    /// Seconds since the beginning of 1970.
    package var secondsSince1970: Int64 { date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second }

    /// Whether the calendar has the date and a clock shows the time; 60 is a leap second.
    package var exists: Bool { date.exists && isTimeOfDay }

    /// Whether a clock shows the time; 60 is a leap second.
    package var isTimeOfDay: Bool {
        (0..<24).contains(hour) && (0..<60).contains(minute) && (0...60).contains(second)
    }
}
