import Synchronization
import TableModel

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
    observer: (any DynamoDBCallObserver)? = nil
) throws -> DynamoDBClient {
    let endpoint = try Endpoint(url)
    let configuration = AWSConfiguration(
        region: "eu-central-1",
        credentials: credentials,
        dynamoDB: endpoint,
        dynamoDBStreams: endpoint,
        limits: limits,
        time: time.source
    )
    return try DynamoDBClient(configuration: configuration, retries: retries, time: time.source, observer: observer)
}

/// Keeps what it hears.
final class RecordingObserver: DynamoDBCallObserver {
    private let kept = Mutex<[DynamoDBCall]>([])
    var calls: [DynamoDBCall] { kept.withLock { $0 } }
    func finished(_ call: DynamoDBCall) { kept.withLock { $0.append(call) } }
}

let hashOnly = KeySchema(partition: KeyAttribute(name: "id", type: .string))
let onePage = #"{"Count":1,"Items":[{"id":{"S":"a"},"n":{"N":"1"}}],"ScannedCount":1}"#
let scanRequest = ScanRequest(
    table: "t",
    schema: hashOnly,
    segment: 1,
    totalSegments: 4,
    exclusiveStartKey: ["id": .string("k\"é")],
    limit: 7
)
