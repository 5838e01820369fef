import Dispatch
import Glibc
import Testing

@testable import Service

@Suite struct LastResortTests {
    @Test("a stop that does not end is ended after its patience, with a failure's status")
    func signal() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let signals = StopSignals(patience: .milliseconds(50))
            signals.install()
            kill(getpid(), SIGTERM)
            // The main thread is blocked for good, and nobody listens to the signal.
            while true { pause() }
        }
    }

    @Test("ends the process although all threads that tasks share are blocked")
    func blockedPool() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let signals = StopSignals(patience: .milliseconds(50))
            signals.install()
            for _ in 0..<64 { Task.detached { sleep(60) } }
            for _ in 0..<64 { DispatchQueue.global().async { sleep(60) } }
            kill(getpid(), SIGTERM)
            while true { pause() }
        }
    }

    @Test("of two orders the earlier counts, and a disarmed one does nothing")
    func orders() async {
        await #expect(processExitsWith: .exitCode(78)) {
            let resort = LastResort(limits: StopLimits())
            resort.arm(after: .seconds(60), status: .failure, nil)
            resort.disarm()
            resort.arm(after: .milliseconds(50), status: .configuration, "because of this")
            resort.arm(after: .seconds(60), status: .failure, nil)
            while true { pause() }
        }
    }

    @Test("the longest stop is what the operator has set, the first save's grace where a state is kept, and the margin")
    func patience() {
        var settings = Settings(table: "orders")
        settings.drainDelay = .seconds(5)
        settings.shutdownGrace = .seconds(20)
        #expect(StopLimits().patience(for: settings) == .seconds(28))
        settings.stateDirectory = "/state"
        #expect(StopLimits().patience(for: settings) == .seconds(38))
    }

    @Test("a hang-up is heard as a termination is")
    func hangUp() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let signals = StopSignals()
            signals.install()
            kill(getpid(), SIGHUP)
            exit(await signals.first() == SIGHUP ? 7 : 1)
        }
    }

    @Test("a quit is heard as a termination is, and prints no backtrace")
    func quit() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let signals = StopSignals()
            signals.install()
            kill(getpid(), SIGQUIT)
            exit(await signals.first() == SIGQUIT ? 7 : 1)
        }
    }
}
