import Basics
import Testing

@Suite struct DurationUnitsTests {
    @Test("units are whole and rounded towards zero, before and after zero")
    func units() {
        let duration = Duration.nanoseconds(1_999_999_999)
        #expect(duration.wholeSeconds == 1)
        #expect(duration.wholeMilliseconds == 1_999)
        #expect(duration.wholeMicroseconds == 1_999_999)
        #expect(duration.wholeNanoseconds == 1_999_999_999)
        #expect((.zero - duration).wholeSeconds == -1)
        #expect((.zero - duration).wholeMilliseconds == -1_999)
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    }

    @Test(
        "a duration beyond a unit's range is the nearest that there is, and a clock's reading can be added to nanoseconds"
    )
    func saturation() {
        let longest = Duration.seconds(Int64.max)
        #expect(longest.wholeMilliseconds == .max)
        #expect((.zero - longest).wholeMilliseconds == .min)
        #expect(longest.wholeNanoseconds == .max / 2)
        #expect((.zero - longest).wholeNanoseconds == .min / 2)
    }

    @Test(
        "a wait is rounded up and bounded by what the system's calls take",
        arguments: [
            (.zero, 0), (.milliseconds(-5), 0), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.microseconds(1_001), 2),
            (.seconds(2), 2_000), (.seconds(Int64.max), Int32.max),
        ] as [(Duration, Int32)]
    )
    func waits(_ duration: Duration, _ milliseconds: Int32) { #expect(duration.millisecondsToWait == milliseconds) }
}
