/// A date of the proleptic Gregorian calendar.
package struct CivilDate: Sendable, Hashable {
    /// 0 is the year before year 1.
    package let year: Int64
    /// 1 to 12.
    package let month: Int64
    /// From 1. A day beyond the month's end stands for one of the next month.
    package let day: Int64

    /// Names the date; `month` is 1 to 12.
    package init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    // Years are counted from March in cycles of 400, so that the leap day is the last of its year.

    /// The date `days` after 1970-01-01.
    package init(daysSince1970 days: Int64) {
        let (cycle, day) = (days + 719_468).quotientAndRemainderRoundedDown(146_097)
        let yearOfCycle = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
        self.day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    }

    /// Days since 1970-01-01.
    package var daysSince1970: Int64 {
        let (cycle, yearOfCycle) = (month <= 2 ? year - 1 : year).quotientAndRemainderRoundedDown(400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
    }

    /// Whether the calendar has this day.
    package var exists: Bool { (1...12).contains(month) && CivilDate(daysSince1970: daysSince1970) == self }
}

extension Int64 {
    /// The quotient rounded down, and the remainder, which is never negative.
    func quotientAndRemainderRoundedDown(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
