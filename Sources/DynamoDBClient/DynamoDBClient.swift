public import Basics
import CurlTransport
import TableModel

/// A client of DynamoDB and DynamoDB Streams: signed, typed calls over one libcurl thread, with retries.
///
/// Safe to use from any task. Responses are decoded on the calling task. `close` it when it is no longer needed.
///
///     let configuration = try AWSConfiguration.resolve(environment: environment)
///     let client = try DynamoDBClient(configuration: configuration)
///     let table = try await client.describeTable("orders")
public final class DynamoDBClient: ServiceTimekeeper {
    /// The configuration that the client was made with.
    public let configuration: AWSConfiguration
    let retries: RetryPolicies
    private let transport: Transport
    private let time: TimeSource
    private let observer: (any DynamoDBCallObserver)?
    /// One for each service: trouble of one must not keep the other from retrying.
    private let tableBudget: RetryBudget
    private let streamsBudget: RetryBudget
    private let failing: FailingSubjects

    /// Starts a client; no connection is made before the first call.
    ///
    /// Throws only when the system has no thread or no memory to give.
    public init(
        configuration: AWSConfiguration,
        retries: RetryPolicies = RetryPolicies(),
        time: TimeSource = .system,
        observer: (any DynamoDBCallObserver)? = nil
    ) throws(DynamoDBError) {
        self.configuration = configuration
        self.retries = retries
        self.time = time
        self.observer = observer
        tableBudget = RetryBudget(capacity: configuration.limits.retryTokens)
        streamsBudget = RetryBudget(capacity: configuration.limits.retryTokens)
        failing = FailingSubjects(limit: configuration.limits.failingSubjects)
        do {
            transport = try Transport(
                configuration.limits.transportSettings(certificates: configuration.certificateBundle)
            )
        } catch {
            throw DynamoDBError(
                kind: .fatal,
                operation: "Configuration",
                subject: "HTTP client",
                code: "CannotStart",
                message: error.reason,
                hint: "Check the process's memory and thread limits (ulimit -a)."
            )
        }
    }

    /// Ends the client's thread and connections. Calls under way fail with `cancelled`, and so do later ones.
    public func close() { transport.close() }

    /// The service's time, by the Date fields of its responses of the last minutes; nil without any.
    public var serviceTime: ServiceTime? { configuration.clock.serviceTime }

    /// Makes a call, with retries, and decodes the response.
    func perform<Response>(
        _ operation: DynamoDBOperation,
        subject: String,
        policy: RetryPolicy,
        body: [UInt8],
        decode: (UnsafeRawBufferPointer) throws(JSONError) -> Response
    ) async throws(DynamoDBError) -> Response {
        let endpoint = operation.isOfStreams ? configuration.dynamoDBStreams : configuration.dynamoDB
        let call = CallContext(operation, subject: subject, endpoint: endpoint)
        let request = operation.request(to: endpoint, body: body)
        let budget = operation.isOfStreams ? streamsBudget : tableBudget
        var policy = policy
        // The callers of DynamoDB Streams retry by themselves. One that keeps failing must not spend the budget of all.
        if operation.isOfStreams, failing.contains(subject) { policy.maximumAttempts = 1 }
        var progress = RetryProgress(policy: policy, budget: budget, time: time)
        var responseBytes = 0
        var used: Credentials?
        while true {
            do throws(DynamoDBError) {
                let credentials = try await configuration.credentials.credentials()
                used = credentials
                let sent = time.continuous()
                let signingTime = configuration.clock.signingTime
                let received = try await send(
                    sign(request, for: endpoint, with: credentials, at: signingTime),
                    call,
                    lane: operation.lane,
                    timeout: policy.attemptTimeout
                )
                let came = time.continuous()
                responseBytes += received.body.count
                let response: Response
                do throws(DynamoDBError) {
                    response = try received.decode(call, limits: configuration.limits, decode)
                } catch {
                    if error.isClockTrouble {
                        note(received, sent: sent, received: came)
                        configuration.clock.rejected(signingTime)
                    }
                    throw error
                }
                note(received, sent: sent, received: came)
                configuration.credentials.accepted(credentials)
                budget.refund(retried: !progress.failures.isEmpty)
                if operation.isOfStreams { failing.remove(subject) }
                report(call, progress, failure: nil, sent: body.count, received: responseBytes)
                return response
            } catch {
                switch progress.next(after: error) {
                case .giveUp:
                    if operation.isOfStreams, error.isRetryable { failing.insert(subject) }
                    report(call, progress, failure: error.kind, sent: body.count, received: responseBytes)
                    throw error
                case .replaceCredentials:
                    if let used, await configuration.credentials.replacement(of: used) != nil { continue }
                    report(call, progress, failure: error.kind, sent: body.count, received: responseBytes)
                    throw error
                case .correctTime: continue
                case .wait(let delay):
                    do {
                        try await time.sleep(delay)
                    } catch {
                        report(call, progress, failure: .cancelled, sent: body.count, received: responseBytes)
                        throw TransportFailure(.cancelled).error(call)
                    }
                }
            }
        }
    }

    /// Only what was understood is the service's word: a proxy has a clock of its own.
    private func note(_ response: TransferResponse, sent: Duration, received: Duration) {
        guard let date = response.date else { return }
        configuration.clock.note(date: date, sent: sent, received: received)
    }

    private func sign(
        _ request: TransferRequest,
        for endpoint: Endpoint,
        with credentials: Credentials,
        at time: AWSClock.SigningTime
    ) -> TransferRequest {
        var request = request
        request.sign(
            for: endpoint,
            with: credentials,
            region: configuration.region,
            service: "dynamodb",
            milliseconds: time.milliseconds
        )
        return request
    }

    private func send(
        _ request: TransferRequest,
        _ call: CallContext,
        lane: Int,
        timeout: Duration
    ) async throws(DynamoDBError) -> TransferResponse {
        do {
            return try await transport.send(
                request,
                lane: lane,
                timeout: min(timeout, configuration.limits.totalTimeout)
            )
        } catch {
            throw error.error(call)
        }
    }

    private func report(
        _ call: CallContext,
        _ progress: RetryProgress,
        failure: DynamoDBError.Kind?,
        sent: Int,
        received: Int
    ) {
        guard let observer else { return }
        observer.finished(
            DynamoDBCall(
                operation: call.operation,
                failure: failure,
                retriedFailures: progress.failures,
                duration: progress.elapsed,
                requestBytes: sent * (progress.failures.count + 1),
                responseBytes: received
            )
        )
    }
}
