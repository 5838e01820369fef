import Basics
import DynamoDBClient

/// Makes the client of DynamoDB that the settings and AWS's own variables and files ask for.
struct ClientSetup: Sendable {
    /// Makes the observer of a client's calls.
    typealias CallObserver = @Sendable (AWSConfiguration) -> (any DynamoDBCallObserver)?

    private let settings: Settings
    private let environment: [String: String]
    private let time: TimeSource
    private let startTimeout: Duration?

    /// `environment` holds the standard AWS variables. `startTimeout` bounds the reading of files; nil for `StopLimits`' own bound.
    init(settings: Settings, environment: [String: String], time: TimeSource, startTimeout: Duration? = nil) {
        self.settings = settings
        self.environment = environment
        self.time = time
        self.startTimeout = startTimeout
    }

    /// A client, before its first call. Throws for settings with which no call can be made.
    func client(retries: RetryPolicies) async throws(StartUpError) -> DynamoDBClient {
        let client = try await patiently { () async throws(DynamoDBError) in
            try await connect(retries: retries, credentialsObserver: nil, callObserver: { _ in nil })
        }
        try checkRegion(client.configuration.region) { client.close() }
        return client
    }

    /// A client that may still wait for its Region, before its first call. `credentialsObserver` hears of credentials, and the observer that
    /// `callObserver` makes of every call. `connected` hears of a Region that was waited for. Throws for settings with which no call can be
    /// made.
    func access(
        credentialsObserver: any CredentialsObserver,
        callObserver: @escaping CallObserver,
        connected: @escaping @Sendable (AWSConfiguration) -> Void
    ) async throws(StartUpError) -> AWSAccess {
        let aws = AWSAccess { () async throws(DynamoDBError) in
            try await connect(
                retries: RetryPolicies(),
                credentialsObserver: credentialsObserver,
                callObserver: callObserver
            )
        } connected: { configuration in
            connected(configuration)
        }
        try await patiently { () async throws(DynamoDBError) in try await aws.start() }
        try checkRegion(aws.configuration?.region) { aws.close() }
        return aws
    }

    private func connect(
        retries: RetryPolicies,
        credentialsObserver: (any CredentialsObserver)?,
        callObserver: CallObserver
    ) async throws(DynamoDBError) -> DynamoDBClient {
        var overrides = settings.aws
        overrides.impliedRegion = TableARN(settings.table)?.region
        let configuration = try await AWSConfiguration.resolve(
            environment: environment,
            overrides: overrides,
            time: time,
            observer: credentialsObserver
        )
        return try DynamoDBClient(
            configuration: configuration,
            retries: retries,
            time: time,
            observer: callObserver(configuration)
        )
    }

    private func patiently<Result>(
        _ body: () async throws(DynamoDBError) -> Result
    ) async throws(StartUpError) -> Result {
        let patience = StartPatience(
            "the AWS configuration and credentials files cannot be read",
            within: startTimeout
        )
        do throws(DynamoDBError) { return try await patience.wait(body) } catch { throw StartUpError(error) }
    }

    /// A table's ARN names its Region. `close` ends the client where requests would go to another one.
    private func checkRegion(_ region: String?, close: () -> Void) throws(StartUpError) {
        guard let table = TableARN(settings.table), let region, table.region != region else { return }
        close()
        throw StartUpError(
            .configuration,
            "table \(table) is in the Region \(table.region), and requests would go to \(region). Set --region or AWS_REGION "
                + "to \(table.region), or leave the Region out."
        )
    }
}
