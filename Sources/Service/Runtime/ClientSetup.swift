import Basics
import DynamoDBClient

/// Makes the client of DynamoDB that the settings and AWS's own variables and files ask for.
struct ClientSetup: Sendable {
    private let settings: Settings
    private let environment: [String: String]
    private let time: TimeSource
    private let startTimeout: Duration?

    /// `environment` holds the standard AWS variables. `startTimeout` bounds the reading of files; nil for `StopLimits`' own bound.
    init(settings: Settings, environment: [String: String], time: TimeSource, startTimeout: Duration? = nil) {
        self.startTimeout = startTimeout
        self.settings = settings
        self.environment = environment
        self.time = time
    }

    /// A client, before its first call. `credentialsObserver` hears of credentials, and the observer that `callObserver` makes of every
    /// call. Throws for settings with which no call can be made.
    func client(
        retries: RetryPolicies = RetryPolicies(),
        credentialsObserver: (any CredentialsObserver)? = nil,
        callObserver: (AWSConfiguration) -> (any DynamoDBCallObserver)? = { _ in nil }
    ) async throws(StartUpError) -> DynamoDBClient {
        var overrides = settings.aws
        let table = TableARN(settings.table)
        overrides.impliedRegion = table?.region
        let configuration: AWSConfiguration
        do throws(DynamoDBError) {
            let patience = StartPatience(
                "the AWS configuration and credentials files cannot be read",
                within: startTimeout
            )
            configuration = try await patience.wait { () async throws(DynamoDBError) in
                try await AWSConfiguration.resolve(
                    environment: environment,
                    overrides: overrides,
                    time: time,
                    observer: credentialsObserver
                )
            }
        } catch {
            throw StartUpError(error)
        }
        if let table, table.region != configuration.region { throw Self.otherRegion(table, configuration.region) }
        do {
            return try DynamoDBClient(
                configuration: configuration,
                retries: retries,
                time: time,
                observer: callObserver(configuration)
            )
        } catch {
            throw StartUpError(error)
        }
    }

    private static func otherRegion(_ table: TableARN, _ region: String) -> StartUpError {
        StartUpError(
            .configuration,
            "table \(table) is in the Region \(table.region), and requests would go to \(region). Set --region or AWS_REGION "
                + "to \(table.region), or leave the Region out."
        )
    }
}
