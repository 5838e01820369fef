import Basics
import DynamoDBClient

/// Decides which trouble a start waits out, and when it gives up. For a replica that has never been live. Pure: the caller gives the time.
struct StartRule: Sendable, Hashable {
    /// How long a start waits without a usable response; nil waits until one comes.
    let timeout: Duration?
    /// How long a stream or a scan may be refused before the start ends: the table is described again meanwhile, which may explain it.
    let patience: Duration

    init(_ settings: ReplicationSettings) {
        timeout = settings.startTimeout
        patience = settings.limits.startLimit
    }

    /// The time that a call or a pause may take after `elapsed`: what is left, `limit` at most.
    func callLimit(after elapsed: Duration, atMost limit: Duration) -> Duration {
        guard let timeout else { return limit }
        return max(.zero, min(limit, timeout - elapsed))
    }

    /// Whether a start that has had no usable response for `elapsed` is given up.
    func isOver(after elapsed: Duration) -> Bool { timeout.map { elapsed >= $0 } ?? false }

    /// The failure with which the start ends after `elapsed` of this trouble; nil while it waits.
    func failure(_ error: DynamoDBError, after elapsed: Duration) -> ReplicationFailure? {
        if error.canPass { return isOver(after: elapsed) ? gaveUp(error) : nil }
        return elapsed >= patience ? ReplicationFailure(error) : nil
    }

    /// The start is over: `error` never passed.
    func gaveUp(_ error: DynamoDBError) -> ReplicationFailure {
        let failure = ReplicationFailure(error)
        return ReplicationFailure(kind: .runtime, message: failure.message, hint: "\(failure.hint) \(advice)")
    }

    /// The start is over: `operation` never had a response.
    func gaveUp(waitingFor operation: String) -> ReplicationFailure {
        ReplicationFailure(
            kind: .runtime,
            message: "\(operation) has had no response",
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
