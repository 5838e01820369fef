import Basics
package import DynamoDBClient

/// The replica's state and why it is in it, as a pure state machine. `ReplicaState` documents the legal successors; every change
/// of state passes through `enter`, which holds them.
///
/// A process that has a saved state begins stale: it shows what was saved until it has caught up. Before anything was published a gap leads from syncing to syncing: there is nothing yet that could be called stale.
package struct Readiness: Sendable, Hashable {
    package private(set) var state: ReplicaState = .starting
    private(set) var why = Reason(.waitingForTable, "waiting for the first answer from DynamoDB")
    package private(set) var hasBeenLive = false
    /// Whether the contents of a saved state are shown as they were, and nothing newer has been.
    package var servesSavedState: Bool { state == .stale && !hasBeenLive }
    /// Whether readers have been shown anything.
    package private(set) var hasServed = false
    /// The cause of the present rebuild, or that a saved state is shown, reported for as long as it lasts.
    private var cause: Reason?

    /// Why it is in its state, in a sentence.
    package var reason: String { why.text }
    /// Why it is in its state, by name.
    var code: ReasonCode { why.code }

    /// The findings of a look at the stream and the table.
    package struct Evidence: Sendable, Hashable {
        var lagMilliseconds: Int64?
        var streamIsDisabled = false
        var tableIsMissing = false
        /// Why the table refuses reads; nil when it does not.
        var obstacle: Reason?
        /// The newest failure that has not been followed by a success.
        var trouble: Trouble?
        /// How long no read of any shard was completed; nil when that is not known.
        var silence: Duration?

        package init(
            lagMilliseconds: Int64? = nil,
            streamIsDisabled: Bool = false,
            tableIsMissing: Bool = false,
            trouble: Trouble? = nil,
            silence: Duration? = nil
        ) {
            self.init(
                lagMilliseconds: lagMilliseconds,
                streamIsDisabled: streamIsDisabled,
                tableIsMissing: tableIsMissing,
                obstacle: nil,
                trouble: trouble,
                silence: silence
            )
        }

        /// What a follower of another replica knows: why that one is not live, and why it cannot be followed.
        package init(lagMilliseconds: Int64?, obstacle: Reason?, trouble: Trouble?) {
            self.init(
                lagMilliseconds: lagMilliseconds,
                streamIsDisabled: false,
                tableIsMissing: false,
                obstacle: obstacle,
                trouble: trouble,
                silence: nil
            )
        }

        init(
            lagMilliseconds: Int64?,
            streamIsDisabled: Bool,
            tableIsMissing: Bool,
            obstacle: Reason?,
            trouble: Trouble?,
            silence: Duration?
        ) {
            self.obstacle = obstacle
            self.silence = silence
            self.lagMilliseconds = lagMilliseconds
            self.streamIsDisabled = streamIsDisabled
            self.tableIsMissing = tableIsMissing
            self.trouble = trouble
        }
    }

    /// What is followed, in words.
    private let source: String

    /// Nothing has been asked yet. `source` is what is followed, in words.
    package init(following source: String = "the stream") { self.source = source }

    /// A call that keeps failing.
    package struct Trouble: Sendable, Hashable {
        let code: ReasonCode
        /// A sentence without its full stop.
        let text: String

        /// A call of DynamoDB Streams that fails in this way.
        package init(_ kind: DynamoDBError.Kind, _ text: String) {
            self.init(ReasonCode(kind), "the stream cannot be read: \(text)")
        }

        /// The error of such a call.
        package init(_ error: DynamoDBError) {
            self.init(ReasonCode(error), "the stream cannot be read: \(error.description)")
        }

        /// Any other trouble, as a sentence without its full stop.
        package init(_ code: ReasonCode, _ text: String) {
            self.code = code
            self.text = text
        }
    }

    /// Names the present step without a change of state. Without a code the old one stays. A rebuild keeps the name of its cause during all
    /// of its steps, and so does a saved state that is shown.
    mutating func explain(_ reason: String, code: ReasonCode? = nil) {
        if state == .rebuilding || servesSavedState, let cause {
            why = Reason(cause.code, "\(cause.text); \(reason)")
        } else {
            why = Reason(code ?? why.code, reason)
        }
    }

    /// The contents of a saved state are shown as they were saved, before anything is known of the table.
    package mutating func showSavedState() {
        let reason = Reason(.savedState, "serving the saved state as it was")
        cause = reason
        hasServed = true
        enter(.stale, reason)
    }

    /// A generation is being built.
    package mutating func beginGeneration(_ reason: String, code: ReasonCode = .bookmarking) {
        cause = Reason(code, reason)
        enter(hasServed ? .rebuilding : .syncing, Reason(code, reason))
    }

    /// Contents are shown, for the first time, of which it is known that they are not current.
    package mutating func showStale(_ reason: String, code: ReasonCode) {
        cause = Reason(code, reason)
        hasServed = true
        enter(.stale, Reason(code, reason))
    }

    /// The old contents were taken away during a rebuild, for `reason`.
    mutating func dropContents(_ reason: String) {
        guard state == .rebuilding, let cause else { return }
        self.cause = Reason(cause.code, "\(cause.text); \(reason)")
        why = self.cause ?? why
    }

    /// A generation has been published.
    package mutating func goLive() {
        enter(.live, Reason(.following, "following \(source)"))
        hasBeenLive = true
        hasServed = true
    }

    /// Judges a published generation by the evidence: live while everything older than the bound is there.
    package mutating func judge(_ evidence: Evidence, maximumLag: Duration) {
        guard hasBeenLive, state == .live || state == .stale else { return }
        if let obstacle = Self.obstacle(evidence, maximumLag) {
            enter(.stale, obstacle)
        } else if state == .stale {
            enter(.live, Reason(.following, "following \(source)"))
        }
    }

    private static func obstacle(_ evidence: Evidence, _ maximumLag: Duration) -> Reason? {
        if evidence.tableIsMissing {
            return Reason(.tableMissing, "the table does not exist any more, so its last contents are served")
        }
        if let obstacle = evidence.obstacle { return obstacle }
        if evidence.streamIsDisabled {
            return Reason(.streamDisabled, "the table's stream is disabled, so changes no longer arrive")
        }
        guard let lag = evidence.lagMilliseconds, lag > maximumLag.wholeMilliseconds else { return nil }
        guard let trouble = evidence.trouble else {
            if let silence = evidence.silence, silence > maximumLag { return .stalled(for: silence) }
            return Reason(.lagging, "more than \(maximumLag.wholeSeconds) s behind the table")
        }
        return Reason(trouble.code, trouble.text)
    }

    /// The one place where the state changes. An illegal change is a fault of this program, never of what it follows, and no input
    /// leads to one. It ends the process: readers would be told a state that nobody has reasoned about, and the next start resumes.
    private mutating func enter(_ next: ReplicaState, _ reason: Reason) {
        precondition(
            next == state || state.successors.contains(next),
            "a replica that is \(state.rawValue) cannot become \(next.rawValue)"
        )
        state = next
        why = reason
    }
}
