import Basics

/// Decides when credentials are loaded: once at first, ahead of their end, and when the service rejects them. Pure: the caller loads,
/// and gives the time.
struct CredentialsLifetime: Sendable {
    /// A moment on both clocks.
    struct Moment: Sendable {
        /// By the continuous clock.
        let continuous: Duration
        /// Milliseconds since 1970 UTC, by AWS's clock where it is known.
        let wall: Int64
    }

    /// The next step of a caller that needs credentials.
    enum Step: Sendable, Hashable {
        /// Use them.
        case use(Credentials)
        /// Use them, and begin to load others.
        case useAndLoad(Credentials)
        /// Load, and wait for it.
        case load
        /// The last attempt failed just now, and another is not due.
        case fail(DynamoDBError)
    }

    private let limits: DynamoDBClientLimits
    private var kept: LoadedCredentials?
    /// When others are loaded, by the wall clock; nil for keys without an end.
    private var renewalAt: Int64?
    /// No attempt begins before this moment of the continuous clock.
    private var attemptAt = Duration.zero
    /// No reading because of a rejection begins before this moment of the continuous clock.
    private var rereadAt = Duration.zero
    /// Readings because of rejections, since the service accepted credentials.
    private var rejections = 0
    private var failures = 0
    private var lastError: DynamoDBError?
    private(set) var status = CredentialsStatus()

    init(limits: DynamoDBClientLimits) { self.limits = limits }

    /// Decides how the next request gets its credentials.
    func next(at now: Moment) -> Step {
        let isDue = now.continuous >= attemptAt
        guard let kept else {
            if let lastError, !isDue { return .fail(lastError) }
            return .load
        }
        guard let renewalAt, now.wall >= renewalAt else {
            // A reading that failed is repeated although nobody needs it: its trouble must not outlive its cause.
            return lastError != nil && isDue ? .useAndLoad(kept.credentials) : .use(kept.credentials)
        }
        // Those that seem to have ended are used where there are no others: this machine's clock may be wrong, and AWS says what holds.
        guard isDue else { return .use(kept.credentials) }
        return kept.expiresAt.map { now.wall >= $0 } ?? false ? .load : .useAndLoad(kept.credentials)
    }

    /// Whether the source is read again because the service rejected the credentials. The pauses between such readings grow until
    /// credentials are accepted: a source may hand out other keys each time, and none of them hold. `random` is a number in 0..<1.
    mutating func rereads(at now: Moment, random: Double) -> Bool {
        guard now.continuous >= rereadAt else { return false }
        rereadAt = now.continuous + limits.rejectedCredentialsRetry.wait(failures: rejections, fraction: random)
        rejections += 1
        return true
    }

    /// The service accepted credentials: the next rejection is news again.
    mutating func accepted(_ credentials: Credentials) {
        guard rejections > 0, credentials == current else { return }
        rejections = 0
    }

    /// Others are due from now on, although those in use have not ended: somebody knows that the source has changed.
    mutating func renew(at now: Moment) {
        renewalAt = now.wall
        attemptAt = .zero
    }

    /// The credentials in use.
    var current: Credentials? { kept?.credentials }

    /// Credentials were loaded. Returns whether they are news. `random` is a number in 0..<1, so that many processes do not ask at once.
    mutating func loaded(_ loaded: LoadedCredentials, at now: Moment, random: Double) -> Bool {
        let isNews = loaded.credentials != kept?.credentials || loaded.expiresAt != status.expiresAt
        kept = loaded
        failures = 0
        lastError = nil
        attemptAt = .zero
        renewalAt = loaded.expiresAt.map { end in
            let life = end - now.wall
            // A source that hands out keys past their end has no others; the service says whether they hold.
            guard life > 0 else { return now.wall + limits.credentialsRetry.cap.wholeMilliseconds }
            let margin = min(limits.credentialsMargin.wholeMilliseconds, life / 3)
            return end - margin + Int64(saturating: Double(margin) * 0.2 * random)
        }
        if let end = loaded.expiresAt, end <= now.wall {
            kept = LoadedCredentials(loaded.credentials, source: loaded.source)
        }
        status.source = loaded.source
        status.expiresAt = loaded.expiresAt
        status.loads += 1
        status.trouble = nil
        return isNews
    }

    /// An attempt failed. Returns whether credentials of before are used on.
    mutating func failed(_ error: DynamoDBError, at now: Moment, random: Double) -> Bool {
        attemptAt = now.continuous + pause(at: now, random: random)
        failures += 1
        lastError = error
        status.failures += 1
        status.trouble = error.description
        return areValid(at: now)
    }

    private func areValid(at now: Moment) -> Bool {
        guard let kept else { return false }
        return kept.expiresAt.map { now.wall < $0 } ?? true
    }

    /// The wait before the next attempt. It is short from the moment on at which no valid credentials are left.
    private func pause(at now: Moment, random: Double) -> Duration {
        let pause = limits.credentialsRetry.wait(failures: failures, fraction: random)
        var shortened = limits.credentialsRetry
        shortened.cap = min(shortened.cap, limits.credentialsOutageRetry)
        let short = shortened.wait(failures: failures, fraction: random)
        guard areValid(at: now) else { return short }
        guard let end = kept?.expiresAt else { return pause }
        return min(pause, max(short, .milliseconds(end - now.wall)))
    }
}
