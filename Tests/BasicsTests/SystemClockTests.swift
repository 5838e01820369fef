import Basics
import Testing

@Suite struct SystemClockTests {
    @Test("clocks that cannot be set never go back, and the continuous one is never behind the suspending one")
    func order() {
        var (continuous, suspending) = (Duration.zero, Duration.zero)
        for _ in 0..<1_000 {
            let running = SystemClock.suspending()
            let all = SystemClock.continuous()
            #expect(running >= suspending && all >= continuous && all >= running)
            (continuous, suspending) = (all, running)
        }
    }

    @Test("the readings of the wall clock agree in their units")
    func wall() {
        let before = SystemClock.wallMicroseconds()
        let milliseconds = SystemClock.wallMilliseconds()
        let after = SystemClock.wallMicroseconds()
        #expect((before / 1_000...after / 1_000).contains(milliseconds))
        // The coarse clock ticks a few hundred times a second.
        #expect(abs(SystemClock.coarseWallSeconds() - before / 1_000_000) <= 1)
    }
}
