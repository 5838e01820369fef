import Glibc
import Testing

@testable import Service

@Suite struct StopSignalsTests {
    @Test("ends the process at once on the second signal, and not on the first")
    func secondSignal() async {
        await #expect(processExitsWith: .exitCode(128 + SIGTERM)) {
            let signals = StopSignals()
            signals.install()
            kill(getpid(), SIGTERM)
            guard await signals.first() == SIGTERM else { exit(1) }
            // Still here after the first.
            kill(getpid(), SIGTERM)
            while true { pause() }
        }
    }

    @Test("hears of an interrupt as of a termination")
    func interrupt() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let signals = StopSignals()
            signals.install()
            kill(getpid(), SIGINT)
            exit(await signals.first() == SIGINT ? 7 : 1)
        }
    }

    @Test("writing to a closed pipe is an error and not the end")
    func brokenPipe() async {
        await #expect(processExitsWith: .exitCode(7)) {
            StopSignals.ignoreBrokenPipes()
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { exit(1) }
            close(ends[0])
            exit(write(ends[1], "x", 1) < 0 && errno == EPIPE ? 7 : 1)
        }
    }
}
