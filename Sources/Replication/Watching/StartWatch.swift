import Basics
import DynamoDBClient
import Synchronization

/// Keeps the `CallHistory` of a start, for any thread, and whether a saved state can be shown in its place. Its end frees the history:
/// once the replica has been live, only a signal or a gap ends the process.
final class StartWatch: Sendable {
    private struct State {
        var calls: CallHistory?
        var hasSavedState = false
    }

    private let time: TimeSource
    private let state: Mutex<State>

    init(_ limits: ReplicationLimits, _ time: TimeSource) {
        self.time = time
        state = Mutex(State(calls: CallHistory(memory: limits.retryMemory)))
    }

    /// The calls so far; nil after the end of the start.
    var calls: CallHistory? { state.withLock { $0.calls } }

    /// Whether a saved state was loaded that may be shown.
    var hasSavedState: Bool { state.withLock { $0.hasSavedState } }

    /// Takes note of whether there is such a state.
    func note(hasSavedState: Bool) { state.withLock { $0.hasSavedState = hasSavedState } }

    /// Another generation begins.
    func beginGeneration() { note { calls, _ in calls.beginGeneration() } }

    /// The process stood still for `duration`.
    func stoodStill(for duration: Duration) { note { calls, _ in calls.stoodStill(for: duration) } }

    /// The replica is live.
    func end() { state.withLock { $0.calls = nil } }

    /// Makes a call and keeps its outcome.
    func watch<Response>(
        _ operation: String,
        _ name: String,
        _ call: () async throws(DynamoDBError) -> Response
    ) async throws(DynamoDBError) -> Response {
        let subject = CallHistory.Subject(operation: operation, name: name)
        note { $0.began(subject, at: $1) }
        do throws(DynamoDBError) {
            let response = try await call()
            note { $0.responded(subject, at: $1) }
            return response
        } catch {
            note { $0.failed(subject, error, at: $1) }
            throw error
        }
    }

    private func note(_ change: (inout CallHistory, Duration) -> Void) {
        let now = time.continuous()
        state.withLock { state in
            guard var calls = state.calls.take() else { return }
            change(&calls, now)
            state.calls = calls
        }
    }
}
