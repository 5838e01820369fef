package import Basics
import DynamoDBClient
import Replication
package import TableCheck
import TableModel

/// Looks whether the table of the settings can be followed from this process: the client that `serve` would have, and each of its calls once.
package struct TableInspection: Sendable {
    private let settings: Settings
    private let environment: [String: String]
    private let time: TimeSource

    /// `environment` holds the standard AWS variables.
    package init(settings: Settings, environment: [String: String], time: TimeSource = .system) {
        self.settings = settings
        self.environment = environment
        self.time = time
    }

    /// Somebody waits: two attempts a call, of a few seconds each.
    private static let policy = RetryPolicy(
        maximumAttempts: 2,
        cap: .seconds(1),
        maximumElapsed: .seconds(5),
        attemptTimeout: .seconds(5)
    )
    /// A read of a shard that is throttled tells of other readers, so it is not repeated.
    private static let readPolicy = RetryPolicy(
        maximumAttempts: 1,
        maximumElapsed: .seconds(5),
        attemptTimeout: .seconds(5)
    )

    /// Makes the calls. Throws for settings with which no call can be made.
    package func run() async throws(StartUpError) -> TableObservations {
        let client = try await ClientSetup(settings: settings, environment: environment, time: time).client(
            retries: RetryPolicies(interactive: Self.policy, scan: Self.policy, streams: Self.readPolicy)
        )
        defer { client.close() }
        let configuration = client.configuration
        let start = TableObservations(
            table: settings.table,
            region: configuration.region,
            endpoint: configuration.dynamoDB.description,
            streamsEndpoint: configuration.dynamoDBStreams.description
        )
        var trial = CallTrial(start, dynamoDB: client, streams: client, time: time)
        var seen = await trial.run()
        seen.credentials = configuration.credentials.status
        seen.skewMilliseconds = configuration.clock.skewMilliseconds
        seen.size = seen.description.map(size)
        return seen
    }

    private func size(_ table: TableDescription) -> TableSize {
        let estimate = TableEstimate(
            table,
            scanCapacity: settings.replication.scanCapacity,
            ignoresAttributes: !settings.replication.ignoredAttributes.isEmpty
        )
        return TableSize(
            tableBytes: table.capacity.sizeBytes,
            items: table.approximateItemCount,
            neededBytes: estimate.memoryBytes,
            limitBytes: MemoryBudget.limit(option: settings.maximumMemory)?.bytes,
            unitsPerSecond: estimate.scanUnitsPerSecond
        )
    }
}
