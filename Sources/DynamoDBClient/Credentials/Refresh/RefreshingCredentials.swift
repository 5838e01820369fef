import Basics
import Synchronization

/// Keeps the credentials of a source, and loads others ahead of their end. One load at a time, whoever asks.
final class RefreshingCredentials: CredentialsProvider {
    private struct State {
        var lifetime: CredentialsLifetime
        /// Counts loads, so that the timer of one never ends another's.
        var flight = 0
        var isLoading = false
        /// Whether another load follows the one that is under way.
        var loadsAgain = false
        /// Why nobody waits for the load that is under way any more.
        var overdue: DynamoDBError?
        var waiters: [UInt64: CheckedContinuation<Result<Credentials, DynamoDBError>, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let source: any CredentialsSource
    private let clock: AWSClock
    private let limits: DynamoDBClientLimits
    private let time: TimeSource
    private let observer: (any CredentialsObserver)?
    private let state: Mutex<State>

    init(
        _ source: any CredentialsSource,
        clock: AWSClock,
        limits: DynamoDBClientLimits,
        time: TimeSource,
        observer: (any CredentialsObserver)?
    ) {
        self.source = source
        self.clock = clock
        self.limits = limits
        self.time = time
        self.observer = observer
        state = Mutex(State(lifetime: CredentialsLifetime(limits: limits)))
    }

    var status: CredentialsStatus { state.withLock { $0.lifetime.status } }

    func credentials() async throws(DynamoDBError) -> Credentials {
        switch state.withLock({ $0.lifetime.next(at: now) }) {
        case .use(let credentials): return credentials
        case .useAndLoad(let credentials):
            begin()
            return credentials
        case .load:
            do throws(DynamoDBError) { return try await loaded() } catch {
                // Whether those of before still hold, AWS says.
                guard error.kind != .cancelled, let kept = state.withLock({ $0.lifetime.current }) else { throw error }
                return kept
            }
        case .fail(let error): throw error
        }
    }

    func replacement(of rejected: Credentials) async -> Credentials? {
        let (now, random) = (now, time.random())
        let isLoad = state.withLock { state -> Bool? in
            guard state.lifetime.current == rejected else { return nil }
            // A load that is under way may have begun before the keys were replaced, but it is the one that there is.
            return state.isLoading || state.lifetime.rereads(at: now, random: random)
        }
        guard let isLoad else { return try? await credentials() }
        guard isLoad, let others = try? await loaded(), others != rejected else { return nil }
        return others
    }

    func accepted(_ credentials: Credentials) { state.withLock { $0.lifetime.accepted(credentials) } }

    func reload() {
        let now = now
        state.withLock {
            $0.lifetime.renew(at: now)
            // The load that is under way may have begun before the change.
            $0.loadsAgain = $0.isLoading
        }
        begin()
    }

    private var now: CredentialsLifetime.Moment {
        CredentialsLifetime.Moment(continuous: time.continuous(), wall: clock.milliseconds)
    }

    /// Waits for the load that is under way, or a new one.
    private func loaded() async throws(DynamoDBError) -> Credentials {
        let identifier = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let outcome: Result<Credentials, DynamoDBError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = Task.isCancelled
                let overdue = state.withLock { state -> DynamoDBError? in
                    if let overdue = state.overdue { return overdue }
                    if isCancelled { return .cancelledWait }
                    state.waiters[identifier] = continuation
                    return nil
                }
                if let overdue { return continuation.resume(returning: .failure(overdue)) }
                begin()
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: identifier) }
            waiter?.resume(returning: .failure(.cancelledWait))
        }
        return try outcome.get()
    }

    /// Begins a load unless one is under way.
    private func begin() {
        let flight = state.withLock { state -> Int? in
            guard !state.isLoading else { return nil }
            state.isLoading = true
            state.flight += 1
            return state.flight
        }
        guard let flight else { return }
        // On its own: it serves all who ask, so none of them may cancel it.
        let timer = Task {
            try await time.sleep(limits.credentialsPatience)
            giveUp(flight)
        }
        Task {
            let outcome: Result<LoadedCredentials, DynamoDBError>
            do throws(DynamoDBError) { outcome = .success(try await source.load()) } catch { outcome = .failure(error) }
            timer.cancel()
            end(outcome)
        }
    }

    private func end(_ outcome: Result<LoadedCredentials, DynamoDBError>) {
        let (now, random) = (now, time.random())
        let (waiters, news, loadsAgain) = state.withLock { state in
            state.isLoading = false
            state.overdue = nil
            defer {
                state.waiters = [:]
                state.loadsAgain = false
            }
            let news = state.lifetime.end(outcome, at: now, random: random)
            return (Array(state.waiters.values), news, state.loadsAgain)
        }
        report(news)
        if loadsAgain { begin() }
        for waiter in waiters { waiter.resume(returning: outcome.map(\.credentials)) }
    }

    /// A source that hangs, on a volume for example, is left alone, and those who wait hear of it.
    private func giveUp(_ flight: Int) {
        let error = DynamoDBError.configuration(
            subject: "credentials",
            code: "CredentialsTimedOut",
            message: "the source of the credentials has not responded for \(limits.credentialsPatience.wholeSeconds) s",
            hint: "Check the volume of the credentials file, the credential_process and the metadata service.",
            kind: .transient
        )
        let (now, random) = (now, time.random())
        let outcome: (waiters: [CheckedContinuation<Result<Credentials, DynamoDBError>, Never>], areKept: Bool)? =
            state.withLock { state in
                guard state.isLoading, state.flight == flight else { return nil }
                state.overdue = error
                defer { state.waiters = [:] }
                return (Array(state.waiters.values), state.lifetime.failed(error, at: now, random: random))
            }
        guard let outcome else { return }
        observer?.failed(error, areKept: outcome.areKept)
        for waiter in outcome.waiters { waiter.resume(returning: .failure(error)) }
    }

    private func report(_ news: CredentialsLifetime.News?) {
        switch news {
        case .loaded(let status): observer?.loaded(status)
        case .failed(let error, let areKept): observer?.failed(error, areKept: areKept)
        case nil: break
        }
    }
}

extension CredentialsLifetime {
    /// The end of a load, as operators are told.
    enum News: Sendable {
        case loaded(CredentialsStatus)
        case failed(DynamoDBError, areKept: Bool)
    }

    /// A load has ended; nil where it changed nothing.
    mutating func end(
        _ outcome: Result<LoadedCredentials, DynamoDBError>,
        at now: Moment,
        random: Double
    ) -> News? {
        switch outcome {
        case .success(let credentials):
            let hadTrouble = status.trouble != nil
            return loaded(credentials, at: now, random: random) || hadTrouble ? .loaded(status) : nil
        case .failure(let error): return .failed(error, areKept: failed(error, at: now, random: random))
        }
    }
}

extension DynamoDBError {
    /// The task that waited for credentials was cancelled.
    fileprivate static var cancelledWait: DynamoDBError {
        .configuration(
            subject: "credentials",
            code: "Cancelled",
            message: "the wait for credentials was cancelled",
            hint: "",
            kind: .cancelled
        )
    }
}
