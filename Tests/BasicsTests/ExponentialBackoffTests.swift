import Basics
import Testing

@Suite struct ExponentialBackoffTests {
    private let backoff = ExponentialBackoff(base: .milliseconds(100), cap: .seconds(5), floor: .milliseconds(25))

    @Test("the bound doubles with each failure up to the cap, however many there are")
    func bounds() {
        #expect((0..<4).map { backoff.bound(failures: $0) } == [100, 200, 400, 800].map(Duration.milliseconds))
        #expect(backoff.bound(failures: 6) == .seconds(5))
        #expect(backoff.bound(failures: .max) == .seconds(5))
        #expect(backoff.bound(failures: -1) == .milliseconds(100))
    }

    @Test("a wait is a fraction of the bound, never less than the floor")
    func waits() {
        #expect(backoff.wait(failures: 1, fraction: 0.5) == .milliseconds(100))
        #expect(backoff.wait(failures: 1, fraction: 0) == .milliseconds(25))
        #expect(ExponentialBackoff(base: .seconds(1), cap: .seconds(2)).wait(failures: 3, fraction: 0) == .zero)
    }
}
