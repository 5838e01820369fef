/// The replica's state and its legal successors, as a pure state machine.
///
/// - starting → syncing
/// - syncing → live
/// - live → stale, rebuilding
/// - stale → live, rebuilding
/// - rebuilding → live
///
/// Before anything was published a gap leads from syncing to syncing: there is nothing yet that could be called stale.
package struct Readiness: Sendable, Hashable {
    package private(set) var state: ReplicaState = .starting
    package private(set) var reason = "waiting for the first answer from DynamoDB"
    package private(set) var hasBeenLive = false

    /// What following the stream shows.
    package struct Evidence: Sendable, Hashable {
        var lagMilliseconds: Int64?
        var streamIsDisabled = false
        var lastError: String?

        package init(lagMilliseconds: Int64?, streamIsDisabled: Bool = false, lastError: String? = nil) {
            self.lagMilliseconds = lagMilliseconds
            self.streamIsDisabled = streamIsDisabled
            self.lastError = lastError
        }
    }

    /// Nothing has been asked yet.
    package init() {}

    /// What is being waited for or done, without a change of state.
    package mutating func explain(_ reason: String) { self.reason = reason }

    /// A generation is being built.
    package mutating func beginGeneration(_ reason: String) {
        state = hasBeenLive ? .rebuilding : .syncing
        self.reason = reason
    }

    /// A generation has been published.
    package mutating func goLive() {
        state = .live
        hasBeenLive = true
        reason = "following the stream"
    }

    /// Judges a published generation by the evidence: live while everything older than the bound is there.
    package mutating func judge(_ evidence: Evidence, maximumLag: Duration) {
        guard state == .live || state == .stale else { return }
        let limit = maximumLag.components.seconds * 1_000 + maximumLag.components.attoseconds / 1_000_000_000_000_000
        if evidence.streamIsDisabled {
            state = .stale
            reason = "the table's stream is disabled, so changes no longer arrive"
        } else if let lag = evidence.lagMilliseconds, lag > limit {
            state = .stale
            if let error = evidence.lastError {
                reason = "the stream cannot be read: \(error)"
            } else {
                reason = "more than \(maximumLag.components.seconds) s behind the table"
            }
        } else if state == .stale {
            state = .live
            reason = "following the stream"
        }
    }
}
