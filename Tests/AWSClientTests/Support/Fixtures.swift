import Synchronization
import TableModel
import TestTools
import Testing

@testable import AWSClient

let exampleKeys = Credentials(
    accessKeyID: "AKIDEXAMPLE",
    secretAccessKey: "verysecretkey",
    sessionToken: "sessiontoken"
)

/// A client of a scripted server. Waits are not waited.
func makeClient(
    _ url: String,
    limits: AWSClientLimits = AWSClientLimits(),
    retries: RetryPolicies = RetryPolicies(),
    time: FakeTime = FakeTime(),
    credentials: any CredentialsProvider = StaticCredentials(exampleKeys),
    observer: (any AWSCallObserver)? = nil
) throws -> AWSClient {
    let endpoint = try Endpoint(url)
    let configuration = AWSConfiguration(
        region: "eu-central-1",
        credentials: credentials,
        dynamoDB: endpoint,
        dynamoDBStreams: endpoint,
        limits: limits
    )
    return try AWSClient(configuration: configuration, retries: retries, time: time.source, observer: observer)
}

/// A transport on its own.
func makeTransport(
    limits: AWSClientLimits = AWSClientLimits(),
    certificateBundle: String? = nil
) throws -> Transport {
    try Transport(options: TransportOptions(limits: limits, certificateBundle: certificateBundle))
}

func makeRequest(
    _ url: String,
    body: String = "{}",
    target: String = "DynamoDB_20120810.Scan",
    timeout: Duration = .seconds(20)
) -> HTTPRequest {
    HTTPRequest(
        url: url + "/",
        target: target,
        isOfStreams: target.hasPrefix("DynamoDBStreams_"),
        region: "eu-central-1",
        credentials: exampleKeys,
        body: Array(body.utf8),
        timeout: timeout
    )
}

/// The error that `body` throws; records an issue when it throws none.
func awsError<Value>(
    _ body: () async throws(AWSError) -> Value,
    sourceLocation: SourceLocation = #_sourceLocation
) async -> AWSError? {
    do {
        _ = try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// The failure that `body` throws; records an issue when it throws none.
func transportFailure<Value>(
    _ body: () async throws(TransportFailure) -> Value,
    sourceLocation: SourceLocation = #_sourceLocation
) async -> TransportFailure? {
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

/// Answers in the order given; the last one again and again.
final class Script: Sendable {
    private let replies: Mutex<[ScriptedServer.Reply]>

    init(_ replies: ScriptedServer.Reply...) { self.replies = Mutex(replies) }

    func next() -> ScriptedServer.Reply {
        replies.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }

    func server() -> ScriptedServer { ScriptedServer { _ in self.next() }.start() }
}

/// Keeps what it hears.
final class RecordingObserver: AWSCallObserver {
    private let kept = Mutex<[AWSCall]>([])
    var calls: [AWSCall] { kept.withLock { $0 } }
    func finished(_ call: AWSCall) { kept.withLock { $0.append(call) } }
}

let hashOnly = KeySchema(partition: KeyAttribute(name: "id", type: .string))
let onePage = #"{"Count":1,"Items":[{"id":{"S":"a"},"n":{"N":"1"}}],"ScannedCount":1}"#
