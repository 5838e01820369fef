import Basics
import DynamoDBClient

/// Decides which trouble a start waits out, and when it gives up. For a replica that has never been live. Pure: the caller gives the time.
///
/// A start is given up when a call that it needs has had no usable response for `timeout`. That counts for each table, stream and shard
/// by itself, from its first call or its last usable response. A scan whose pages arrive goes on, however long it takes. A refusal that no
/// waiting can mend ends the start when it has lasted for `patience` without a response between.
struct StartRule: Sendable, Hashable {
    /// How long a start waits without a usable response; nil waits until one comes.
    let timeout: Duration?
    /// How long a stream or a scan may be refused before the start ends: the table is described again meanwhile, which may explain it.
    let patience: Duration
    /// Whether denied calls are waited out too: keys may be in the middle of a rotation, and a saved state serves readers meanwhile.
    let waitsOutDenials: Bool

    /// The rule of `settings`. A start that serves a saved state, or has one to serve, is of use: it waits without an end.
    init(_ settings: ReplicationSettings, servesReaders: Bool = false) {
        timeout = servesReaders ? nil : settings.startTimeout
        patience = settings.limits.startLimit
        waitsOutDenials = servesReaders
    }

    /// The failure with which the start ends because a call has no usable response; nil while it waits. `isSearching`: the table is not
    /// found yet.
    func failure(_ calls: CallHistory, at now: Duration, isSearching: Bool) -> ReplicationFailure? {
        guard let timeout, let wait = calls.overdue(after: timeout, at: now, isSearching: isSearching) else {
            return nil
        }
        guard let error = wait.error else { return gaveUp(waitingFor: wait.subject) }
        return error.canPass ? gaveUp(error) : ReplicationFailure(error)
    }

    /// The failure with which the start ends because the stream or the scan is refused; nil while it waits.
    ///
    /// Without a bookmark, a shard that is listed and not found ends it: the table still names its stream, so nothing will change. An
    /// unknown stream is described again (`RebuildSchedule`).
    func refusal(_ calls: CallHistory, isBookmarked: Bool) -> ReplicationFailure? {
        let refusal = calls.refusals.first { refusal in
            guard refusal.duration >= patience, !refusal.subject.isDescription else { return false }
            switch refusal.error.kind {
            case .accessDenied: return !waitsOutDenials
            case .notFound: return !isBookmarked && refusal.subject.operation != "DescribeStream"
            default: return !isBookmarked
            }
        }
        return refusal.map { ReplicationFailure($0.error) }
    }

    /// The refusal of a shard that a saved state has a place in; nil while none has lasted. The shard is listed and not found, so what was
    /// written to it since is lost.
    func lostShard(_ calls: CallHistory) -> DynamoDBError? {
        calls.refusals.first { refusal in
            refusal.error.kind == .notFound && refusal.duration >= patience && refusal.subject.isOfShard
        }?.error
    }

    /// The failure with which a start ends at once when the table cannot be described; nil when it waits.
    func failure(describing table: String, _ error: DynamoDBError) -> ReplicationFailure? {
        if error.canPass { return nil }
        switch error.kind {
        case .notFound: return .noTable(error, table)
        case .accessDenied where waitsOutDenials: return nil
        default: return ReplicationFailure(error)
        }
    }

    private func gaveUp(_ error: DynamoDBError) -> ReplicationFailure {
        let failure = ReplicationFailure(error)
        return ReplicationFailure(kind: .runtime, message: failure.message, hint: "\(failure.hint) \(advice)")
    }

    private func gaveUp(waitingFor call: CallHistory.Subject) -> ReplicationFailure {
        ReplicationFailure(
            kind: .runtime,
            message: "\(call) has had no response",
            hint: "Check the endpoint, the region and the network. \(advice)"
        )
    }

    private var advice: String {
        let time = DurationText.format(timeout ?? .zero)
        return "The start was given up after \(time) (--start-timeout; 0 waits until it works)."
    }
}

extension DynamoDBError {
    /// Whether the failure can pass without a change of the settings or of the permissions. Credentials that are missing or have expired
    /// can come: a file is written, a metadata service answers.
    var canPass: Bool {
        switch kind {
        case .throttled, .transient, .malformed, .expiredCredentials, .expiredIterator, .trimmed, .cancelled: true
        case .accessDenied: isCredentialsNotFound
        case .notFound, .fatal: false
        }
    }
}
