import Dispatch
import Glibc
import Synchronization

/// Waits for SIGTERM or SIGINT. A second signal ends the process at once.
final class StopRequest: Sendable {
    private let sources: Mutex<[any DispatchSourceSignal]>
    private let signals: AsyncStream<Void>

    /// Listens from now on.
    init() {
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
        self.signals = signals
        let seen = SignalCount()
        let registered = DispatchGroup()
        let made = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { @Sendable in
                if seen.increment() > 1 { _exit(128 + number) }
                continuation.yield()
            }
            source.setRegistrationHandler { @Sendable in registered.leave() }
            registered.enter()
            source.activate()
            return source
        }
        sources = Mutex(made)
        // Until then a signal has its default action, which whoever has read the URL must not meet.
        registered.wait()
    }

    /// Returns after the first signal.
    func wait() async {
        for await _ in signals { return }
    }
}

/// How many signals came, over all handlers.
private final class SignalCount: Sendable {
    private let count = Atomic(0)

    func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
}
