import Synchronization
import TableModel
import TestTools
import Testing

@testable import DynamoDBClient

let exampleKeys = Credentials(
    accessKeyID: "AKIDEXAMPLE",
    secretAccessKey: "verysecretkey",
    sessionToken: "sessiontoken"
)

/// A client of a scripted server. Waits are not waited.
func makeClient(
    _ url: String,
    limits: DynamoDBClientLimits = DynamoDBClientLimits(),
    retries: RetryPolicies = RetryPolicies(),
    time: FakeTime = FakeTime(),
    credentials: any CredentialsProvider = StaticCredentials(exampleKeys),
    observer: (any AWSCallObserver)? = nil
) throws -> DynamoDBClient {
    let endpoint = try Endpoint(url)
    let configuration = AWSConfiguration(
        region: "eu-central-1",
        credentials: credentials,
        dynamoDB: endpoint,
        dynamoDBStreams: endpoint,
        limits: limits
    )
    return try DynamoDBClient(configuration: configuration, retries: retries, time: time.source, observer: observer)
}

/// The error that `body` throws; records an issue when it throws none.
func awsError<Value>(
    _ body: () async throws(DynamoDBError) -> Value,
    sourceLocation: SourceLocation = #_sourceLocation
) async -> DynamoDBError? {
    do {
        _ = try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// Waits until `condition` holds; records an issue when it does not.
func eventually(
    _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async {
    if await !comesTrue(condition) { Issue.record(what, sourceLocation: sourceLocation) }
}

/// Keeps what it hears.
final class RecordingObserver: AWSCallObserver {
    private let kept = Mutex<[AWSCall]>([])
    var calls: [AWSCall] { kept.withLock { $0 } }
    func finished(_ call: AWSCall) { kept.withLock { $0.append(call) } }
}

let hashOnly = KeySchema(partition: KeyAttribute(name: "id", type: .string))
let onePage = #"{"Count":1,"Items":[{"id":{"S":"a"},"n":{"N":"1"}}],"ScannedCount":1}"#
