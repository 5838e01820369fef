import Testing

@testable import Basics

@Suite struct CivilDateTests {
    @Test(
        "counts the days since 1970",
        arguments: [
            (0, 1970, 1, 1), (-1, 1969, 12, 31), (-719_468, 0, 3, 1), (-719_528, 0, 1, 1), (11_016, 2000, 2, 29),
            (11_017, 2000, 3, 1), (-25_509, 1900, 2, 28), (-25_508, 1900, 3, 1), (2_932_896, 9999, 12, 31),
        ] as [(Int64, Int64, Int64, Int64)]
    )
    func days(_ days: Int64, year: Int64, month: Int64, day: Int64) {
        let date = CivilDate(year: year, month: month, day: day)
        #expect(CivilDate(daysSince1970: days) == date)
        #expect(date.daysSince1970 == days)
        #expect(date.exists)
    }

    @Test("every day of eight hundred years follows the one before")
    func everyDay() {
        var before = CivilDate(daysSince1970: -146_098)
        for days in Int64(-146_097)...146_097 {
            let date = CivilDate(daysSince1970: days)
            let isNext =
                date.day == before.day + 1 && date.month == before.month && date.year == before.year
                || date.day == 1 && date.month == before.month + 1 && date.year == before.year
                || date.day == 1 && date.month == 1 && before.month == 12 && date.year == before.year + 1
            #expect(isNext && date.daysSince1970 == days)
            before = date
        }
    }

    @Test(
        "days that no calendar has",
        arguments: [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 1, 0), (2024, 1, 32)]
            as [(Int64, Int64, Int64)]
    )
    func missing(year: Int64, month: Int64, day: Int64) {
        #expect(!CivilDate(year: year, month: month, day: day).exists)
    }
}
