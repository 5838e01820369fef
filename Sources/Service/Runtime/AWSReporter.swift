import Basics
import DynamoDBClient
import Logging
import Synchronization

/// Writes to the log where credentials come from, why they cannot be loaded, and that this machine's clock is wrong.
///
/// Nothing is written before `start`: a start that fails says one line only.
final class AWSReporter: CredentialsObserver {
    /// A clock that is this wrong is worth a line; AWS rejects signatures that are five minutes off.
    static let reportedSkew: Duration = .seconds(60)
    /// A clock that was wrong counts as right again below this. The gap to `reportedSkew` keeps one at the edge from filling the log.
    static let forgivenSkew: Duration = .seconds(30)

    private struct State {
        var isStarted = false
        /// The credentials in use.
        var loaded: CredentialsStatus?
        var troubles = SparseLines()
        var isSkewed = false
    }

    private let logger: Logger
    private let time: TimeSource
    private let state = Mutex(State())

    init(logger: Logger, time: TimeSource) {
        self.logger = logger
        self.time = time
    }

    /// From now on lines are written. Says first which credentials are in use, if there are some.
    func start() {
        let loaded = state.withLock { state -> CredentialsStatus? in
            defer { state.isStarted = true }
            return state.isStarted ? nil : state.loaded
        }
        if let loaded { report(loaded) }
    }

    func loaded(_ status: CredentialsStatus) {
        let isStarted = state.withLock { state in
            state.loaded = status
            return state.isStarted
        }
        if isStarted { report(status) }
    }

    func failed(_ error: DynamoDBError, areKept: Bool) {
        let now = time.continuous()
        let (unlogged, end) = state.withLock { state -> (Int?, Int64?) in
            (state.isStarted ? state.troubles.next(at: now) : nil, state.loaded?.expiresAt)
        }
        guard let unlogged else { return }
        var metadata: Logger.Metadata = ["kind": "\(error.kind.rawValue)"]
        if unlogged > 0 { metadata["unlogged"] = "\(unlogged)" }
        guard areKept else {
            return logger.warning("credentials could not be loaded: \(error.description)", metadata: metadata)
        }
        let limit = end.map { " until \(Timestamp.text($0))" } ?? ""
        logger.warning(
            "credentials could not be loaded, and the keys in use are kept\(limit): \(error.description)",
            metadata: metadata
        )
    }

    /// Takes the clock's error, in milliseconds ahead of AWS's clock; nil while unknown, which changes nothing.
    func noticed(skewMilliseconds skew: Int64?) {
        guard let skew else { return }
        let isNews = state.withLock { state in
            guard state.isStarted else { return false }
            let limit = state.isSkewed ? Self.forgivenSkew : Self.reportedSkew
            let isSkewed = skew.magnitude >= UInt64(limit.wholeMilliseconds)
            defer { state.isSkewed = isSkewed }
            return state.isSkewed != isSkewed
        }
        guard isNews else { return }
        if skew.magnitude < UInt64(Self.reportedSkew.wholeMilliseconds) {
            logger.info("this machine's clock agrees with AWS's again")
        } else {
            let seconds = skew.magnitude / 1000
            logger.warning(
                """
                this machine's clock is \(seconds) s \(skew > 0 ? "ahead of" : "behind") AWS's; requests are signed with AWS's time. \
                Correct the clock, for example with chrony or systemd-timesyncd.
                """
            )
        }
    }

    private func report(_ status: CredentialsStatus) {
        guard let source = status.source else { return }
        let metadata: Logger.Metadata = status.expiresAt.map { ["expires_at": "\(Timestamp.text($0))"] } ?? [:]
        logger.info("credentials loaded from \(source)", metadata: metadata)
    }
}

/// Looks at the clock after every call to AWS, since a call is what it is known by.
struct ClockObserver: DynamoDBCallObserver {
    private let next: any DynamoDBCallObserver
    private let clock: AWSClock
    private let reporter: AWSReporter

    /// `next` hears of the calls too.
    init(_ next: any DynamoDBCallObserver, clock: AWSClock, reporter: AWSReporter) {
        self.next = next
        self.clock = clock
        self.reporter = reporter
    }

    func finished(_ call: DynamoDBCall) {
        next.finished(call)
        reporter.noticed(skewMilliseconds: clock.skewMilliseconds)
    }
}
