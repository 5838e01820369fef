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

    @Test("a quit ends a program that listens for no signals, unless it is ignored from the start")
    func quitWithoutListener() async {
        await #expect(processExitsWith: .signal(SIGQUIT)) {
            StopSignals.endAtQuit()
            kill(getpid(), SIGQUIT)
            while true { pause() }
        }
        await #expect(processExitsWith: .exitCode(7)) {
            signal(SIGQUIT, SIG_IGN)
            StopSignals.endAtQuit()
            kill(getpid(), SIGQUIT)
            exit(7)
        }
    }

    @Test("a hang-up asks for a reload where the program has one, each time, and a stop still comes after it")
    func reload() async {
        await #expect(processExitsWith: .exitCode(7)) {
            // Without the terminal of whoever runs the tests.
            setsid()
            let signals = StopSignals(hangUp: .reloads)
            signals.install()
            var hangUps = signals.hangUps.makeAsyncIterator()
            for _ in 0..<3 {
                kill(getpid(), SIGHUP)
                guard await hangUps.next() != nil else { exit(1) }
            }
            kill(getpid(), SIGTERM)
            exit(await signals.first() == SIGTERM ? 7 : 2)
        }
    }

    @Test("a hang-up that is ignored from the start is neither a stop nor a reload")
    func ignoredHangUp() async {
        await #expect(processExitsWith: .exitCode(7)) {
            signal(SIGHUP, SIG_IGN)
            let signals = StopSignals(hangUp: .reloads)
            signals.install()
            kill(getpid(), SIGHUP)
            kill(getpid(), SIGTERM)
            guard await signals.first() == SIGTERM else { exit(1) }
            let heard = Task { for await _ in signals.hangUps { exit(2) } }
            for _ in 0..<100 { await Task.yield() }
            heard.cancel()
            exit(7)
        }
    }

    @Test("a hang-up that comes before the program listens is kept: it is a reload then, or a stop")
    func heldHangUp() async {
        await #expect(processExitsWith: .exitCode(7)) {
            setsid()
            HeldSignals.hold()
            kill(getpid(), SIGHUP)
            let signals = StopSignals(hangUp: .reloads)
            signals.install()
            var hangUps = signals.hangUps.makeAsyncIterator()
            exit(await hangUps.next() != nil ? 7 : 1)
        }
        await #expect(processExitsWith: .exitCode(7)) {
            HeldSignals.hold()
            kill(getpid(), SIGHUP)
            let signals = StopSignals()
            signals.install()
            exit(await signals.first() == SIGHUP ? 7 : 1)
        }
    }

    @Test(
        "a hang-up that comes before a command that never listens ends it; one that is ignored from the start does not"
    )
    func releasedHangUp() async {
        await #expect(processExitsWith: .signal(SIGHUP)) {
            HeldSignals.hold()
            kill(getpid(), SIGHUP)
            HeldSignals.release()
            while true { pause() }
        }
        await #expect(processExitsWith: .exitCode(7)) {
            signal(SIGHUP, SIG_IGN)
            HeldSignals.hold()
            kill(getpid(), SIGHUP)
            HeldSignals.release()
            exit(7)
        }
    }

    @Test("a stop that comes before the program listens ends it at once")
    func earlyStop() async {
        await #expect(processExitsWith: .signal(SIGTERM)) {
            HeldSignals.hold()
            kill(getpid(), SIGTERM)
            while true { pause() }
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
