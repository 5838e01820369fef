import API
import DynamoDBClient
import Replication
import Synchronization
import TableModel

/// AWS as the service reaches it: a client, which is made at the start. Where the instance metadata service has to name the Region and fails
/// just then, each call tries to make the client first, and fails with the reason. So a start without a Region waits as for any trouble of
/// DynamoDB, and serves probes meanwhile.
final class AWSAccess: DynamoDBAPI, DynamoDBStreamsAPI {
    private struct State {
        var client: DynamoDBClient?
        /// Why there is no client yet.
        var trouble: DynamoDBError?
        var failures = 0
        var isClosed = false
    }

    private let connect: @Sendable () async throws(DynamoDBError) -> DynamoDBClient
    private let state = Mutex(State())
    private let connected: @Sendable (AWSConfiguration) -> Void

    /// `connect` makes the client. `connected` hears of the configuration when a later attempt than the first made it.
    init(
        connect: @escaping @Sendable () async throws(DynamoDBError) -> DynamoDBClient,
        connected: @escaping @Sendable (AWSConfiguration) -> Void
    ) {
        self.connect = connect
        self.connected = connected
    }

    /// Makes the client at the start. Throws what no waiting can mend.
    func start() async throws(DynamoDBError) {
        do throws(DynamoDBError) { _ = try await client(isFirst: true) } catch {
            guard error.isRetryable else { throw error }
        }
    }

    /// The client's configuration; nil while there is none.
    var configuration: AWSConfiguration? { state.withLock { $0.client?.configuration } }

    /// The Region that is called. An endpoint that is not a Region's may be any.
    var region: CalledRegion {
        guard let configuration else { return .unknown }
        return configuration.isRegional ? .named(configuration.region) : .any
    }

    /// How AWS is reached at this moment, for operators.
    var status: AWSStatus {
        let (configuration, trouble, failures) = state.withLock {
            ($0.client?.configuration, $0.trouble, $0.failures)
        }
        if let configuration { return configuration.status }
        var status = AWSStatus()
        status.credentials.failures = failures
        status.credentials.trouble = trouble?.description
        return status
    }

    /// Loads the credentials again, as an operator asks for. Never blocks.
    func reload() { configuration?.credentials.reload() }

    /// Ends the client.
    func close() {
        let client = state.withLock { state in
            state.isClosed = true
            return state.client
        }
        client?.close()
    }

    /// The service's time, by its responses.
    var serviceTime: ServiceTime? { state.withLock { $0.client }?.serviceTime }

    private func client(isFirst: Bool = false) async throws(DynamoDBError) -> DynamoDBClient {
        if let client = state.withLock({ $0.client }) { return client }
        let made: DynamoDBClient
        do throws(DynamoDBError) { made = try await connect() } catch {
            state.withLock { state in
                state.trouble = error
                state.failures += 1
            }
            throw error
        }
        let (client, isClosed) = state.withLock { state in
            // Another call may have been faster.
            if state.client == nil { state.client = made }
            return (state.client ?? made, state.isClosed)
        }
        if client !== made || isClosed { made.close() }
        if client === made, !isFirst { connected(made.configuration) }
        return client
    }

    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        try await client().describeTable(name)
    }

    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage { try await client().scan(request) }

    func batchGetItem(
        table: String,
        keys: [[AttributeName: AttributeValue]]
    ) async throws(DynamoDBError) -> BatchGetPage {
        try await client().batchGetItem(table: table, keys: keys)
    }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        try await client()
            .describeStream(streamARN, exclusiveStartShardID: exclusiveStartShardID, childrenOf: childrenOf)
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        try await client().getShardIterator(streamARN, shardID: shardID, start: start)
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        try await client().getRecords(iterator: iterator, shardID: shardID, limit: limit)
    }
}
