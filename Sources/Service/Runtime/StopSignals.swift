import Basics
import Dispatch
import Glibc
import Synchronization

/// Turns SIGTERM, SIGINT and SIGQUIT into a stop: the first asks for a graceful one, the second ends the process at once. A graceful stop
/// that does not come to its end is ended by `LastResort`. SIGHUP asks for a stop too, or for a reload where the program has one.
///
/// A type of its own, and not code of `main.swift`: closures made there belong to the main actor and trap when Dispatch calls them.
package final class StopSignals: Sendable {
    /// How a hang-up is taken.
    package enum HangUp: Sendable {
        case stops
        /// `hangUps` hears of it. The end of the terminal that the process was started from is a stop all the same.
        case reloads
    }

    private let queue = DispatchQueue(label: "tablecast.signals")
    private let sources = Mutex<[DispatchSource]>([])
    private let stream: AsyncStream<Int32>
    private let continuation: AsyncStream<Int32>.Continuation
    /// An element for each time that a reload was asked for; several that nobody has heard of yet are one.
    package let hangUps: AsyncStream<Void>
    private let reload: AsyncStream<Void>.Continuation
    private let hangUp: HangUp
    private let patience: Duration
    let lastResort: LastResort

    /// `patience` is the longest time from the first signal to the end of the process; nil for a command without times of its own.
    package init(patience: Duration? = nil, hangUp: HangUp = .stops, limits: StopLimits = StopLimits()) {
        self.hangUp = hangUp
        self.patience = patience ?? limits.commandGrace
        lastResort = LastResort(limits: limits)
        (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingOldest(1))
        (hangUps, reload) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Makes writing to a closed socket an error instead of the end of the process. To be called first thing in the program.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Makes SIGQUIT end a process that does not listen for signals yet, or never does. The Swift runtime would print a backtrace and go on.
    /// To be called first thing in the program.
    package static func endAtQuit() { if !HeldSignals.isIgnored(SIGQUIT) { signal(SIGQUIT, SIG_DFL) } }

    /// Starts listening for signals. As process 1 of a container there is no default action, so this is what makes it stop.
    package func install() {
        let shared = SharedCount()
        let (continuation, lastResort, patience, reload) = (continuation, lastResort, patience, reload)
        let terminal = ControllingTerminal()
        let reloads = hangUp == .reloads
        lastResort.start()
        let registered = DispatchGroup()
        let made = Self.numbers.map { number -> DispatchSource? in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { @Sendable in
                if number == SIGHUP, reloads, !terminal.isGone {
                    reload.yield()
                    return
                }
                if shared.increment() > 1 { Program.endNow(128 + number) }
                lastResort.arm(
                    after: patience,
                    status: .failure,
                    "the stop did not end within \(patience.wholeSeconds) s of the signal: something is blocked. The process "
                        + "ends without it; where a state directory is used, check that its volume responds"
                )
                continuation.yield(number)
            }
            source.setRegistrationHandler { @Sendable in registered.leave() }
            registered.enter()
            source.activate()
            return source as? DispatchSource
        }
        sources.withLock { $0 = made.compactMap { $0 } }
        // Until a source is registered its signal has the default action, which a caller must not meet later. The queue is
        // this type's own, and registering takes no longer than a few system calls.
        registered.wait()
        guard HeldSignals.takeHangUp() else { return }
        if reloads { reload.yield() } else { kill(getpid(), SIGHUP) }
    }

    /// Waits for the first signal; nil when the waiting task was cancelled.
    package func first() async -> Int32? {
        for await number in stream { return number }
        return nil
    }

    /// Asks for a graceful stop from inside the program.
    package func request() { continuation.yield(SIGTERM) }

    /// The signals that are listened to. A hang-up that is ignored from the start stays so: that is what `nohup` does.
    private static var numbers: [Int32] {
        HeldSignals.isIgnored(SIGHUP) ? [SIGTERM, SIGINT, SIGQUIT] : [SIGTERM, SIGINT, SIGQUIT, SIGHUP]
    }
}

/// The terminal that the process was started from. When it closes, the kernel sends SIGHUP and takes it from its session (`tty(4)`); a
/// process that went on would run unseen.
private struct ControllingTerminal: Sendable {
    private let wasThere = isThere

    /// There was one, and there is none any more.
    var isGone: Bool { wasThere && !Self.isThere }

    private static var isThere: Bool {
        let descriptor = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }
}

/// A count that several handlers share.
private final class SharedCount: Sendable {
    private let count = Mutex(0)

    func increment() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
