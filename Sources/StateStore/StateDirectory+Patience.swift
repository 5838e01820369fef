import Basics
import Dispatch
import Synchronization

extension StateDirectory {
    private typealias Outcome = Result<StateDirectory, StateDirectoryError>

    /// The place where a thread leaves its outcome.
    private final class Place: Sendable {
        let outcome = Mutex<Outcome?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    /// Takes the directory as the initializer does; a volume that does not respond within `patience` is an error instead of a wait
    /// without end. Blocks its caller: for the start of the process, before everything else.
    package static func take(_ path: String, within patience: Duration) throws(StateDirectoryError) -> StateDirectory {
        try take(path, within: patience) { () throws(StateDirectoryError) in try StateDirectory(path) }
    }

    /// The same with another way to open it, for tests.
    static func take(
        _ path: String,
        within patience: Duration,
        _ open: @escaping @Sendable () throws(StateDirectoryError) -> StateDirectory
    ) throws(StateDirectoryError) -> StateDirectory {
        let place = Place()
        DispatchQueue(label: "tablecast.state-directory").async {
            let outcome = Outcome { () throws(StateDirectoryError) in try open() }
            place.outcome.withLock { $0 = outcome }
            place.isThere.signal()
        }
        _ = place.isThere.wait(timeout: .now() + .milliseconds(Int(patience.millisecondsToWait)))
        guard let outcome = place.outcome.withLock({ $0 }) else {
            throw .unresponsive(path: path, seconds: patience.wholeSeconds)
        }
        return try outcome.get()
    }
}
