import DynamoSandbox
import Testing

@Suite struct SandboxClockTests {
    @Test("a manual clock stands still until it is moved")
    func manual() {
        let clock = SandboxClock.manual(at: 1_000)
        #expect(clock.now == 1_000)
        clock.advance(by: .milliseconds(1_500))
        #expect(clock.now == 2_500)
        clock.advance(by: .seconds(-1))
        #expect(clock.now == 1_500)
    }

    @Test("a running clock begins with the system's time and runs faster")
    func running() {
        let system = SandboxClock.system()
        let (real, fast) = (system.now, SandboxClock.running(times: 1_000_000))
        var last = fast.now
        while system.now < real + 20 { last = fast.now }
        #expect(last > real + 1_000_000)
        fast.advance(by: .seconds(3_600_000))
        #expect(fast.now > last + 3_600_000_000 - 1)
    }

    @Test("a system clock that was moved keeps running from there")
    func system() {
        let clock = SandboxClock.system()
        let before = clock.now
        clock.advance(by: .seconds(3_600))
        #expect((3_600_000..<3_660_000).contains(clock.now - before))
    }
}
