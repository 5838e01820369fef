import Basics
import Dispatch
import Glibc
import Synchronization

/// Turns SIGTERM, SIGINT, SIGHUP and SIGQUIT into a stop: the first asks for a graceful one, the second ends the process at once. A
/// graceful stop that does not come to its end is ended by `LastResort`.
///
/// A type of its own, and not code of `main.swift`: closures made there belong to the main actor and trap when Dispatch calls them.
package final class StopSignals: Sendable {
    private let queue = DispatchQueue(label: "tablecast.signals")
    private let sources = Mutex<[DispatchSource]>([])
    private let stream: AsyncStream<Int32>
    private let continuation: AsyncStream<Int32>.Continuation
    private let patience: Duration
    let lastResort: LastResort

    /// `patience` is the longest time from the first signal to the end of the process; nil for a command without times of its own.
    package init(patience: Duration? = nil, limits: StopLimits = StopLimits()) {
        self.patience = patience ?? limits.commandGrace
        lastResort = LastResort(limits: limits)
        (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Makes writing to a closed socket an error instead of the end of the process. To be called first thing in the program.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Makes SIGQUIT end a process that does not listen for signals yet, or never does. The Swift runtime would print a backtrace and go on.
    /// To be called first thing in the program.
    package static func endAtQuit() { if !isIgnored(SIGQUIT) { signal(SIGQUIT, SIG_DFL) } }

    /// Starts listening for signals. As process 1 of a container there is no default action, so this is what makes it stop.
    package func install() {
        let shared = SharedCount()
        let (continuation, lastResort, patience) = (continuation, lastResort, patience)
        lastResort.start()
        let registered = DispatchGroup()
        let made = Self.numbers.map { number -> DispatchSource? in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { @Sendable in
                if shared.increment() > 1 { _exit(128 + number) }
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
    }

    /// Waits for the first signal; nil when the waiting task was cancelled.
    package func first() async -> Int32? {
        for await number in stream { return number }
        return nil
    }

    /// Asks for a graceful stop from inside the program.
    package func request() { continuation.yield(SIGTERM) }

    /// The signals that ask for a stop. A hang-up that is ignored from the start stays so: that is what `nohup` does.
    private static var numbers: [Int32] {
        isIgnored(SIGHUP) ? [SIGTERM, SIGINT, SIGQUIT] : [SIGTERM, SIGINT, SIGQUIT, SIGHUP]
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // A handler is a C function pointer, one word, and so is an optional one; SIG_IGN is the word 1 (signal.h), and never called.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self) == 1
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
