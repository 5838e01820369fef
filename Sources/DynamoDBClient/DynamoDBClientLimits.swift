public import Basics

/// Every bound of the client. The defaults suit a replica beside its application.
public struct DynamoDBClientLimits: Sendable, Hashable {
    /// Requests on the wire at once, which is also the number of connections kept. More wait in line.
    public var concurrentRequests = 80
    /// Of them, those that DynamoDB and DynamoDB Streams leave to each other. More requests of one service wait in line, so calls that
    /// hang at one hold up none at the other.
    public var requestsKeptFree = 16
    /// Requests waiting for a connection. One more fails at once with `throttled`.
    public var waitingRequests = 4096
    /// Handles kept for reuse when idle; each holds about 6 KB.
    public var idleHandles = 64
    /// Bytes of one response. A Scan page is 1 MB by DynamoDB's own count, several times that as JSON;
    /// BatchGetItem 16 MB.
    public var responseBytes = 64 << 20
    /// Bytes of one request. Below 1 MiB, from where libcurl would ask for `100 Continue` first.
    public var requestBytes = (1 << 20) - 1
    /// Time to reach the endpoint: name, TCP and TLS.
    public var connectTimeout: Duration = .seconds(3)
    /// Time for one attempt, from the connection to the last byte.
    public var totalTimeout: Duration = .seconds(30)
    /// An attempt slower than this many bytes a second …
    public var lowSpeedBytesPerSecond = 64
    /// … for this long is given up. Waiting for the first byte counts.
    public var lowSpeedTime: Duration = .seconds(10)
    /// Bytes of a shared config or credentials file.
    public var configurationFileBytes = 1 << 20
    /// Bytes of a file of certificate authorities. A system's holds about 250 KB.
    public var certificateBundleBytes = 16 << 20
    /// Bytes of a response, a token file or a program's output that carries credentials.
    public var credentialsResponseBytes = 1 << 20
    /// How long somebody waits for credentials. A source that takes longer is left alone.
    public var credentialsPatience: Duration = .seconds(10)
    /// How long a `credential_process` may run before it is killed. Below `credentialsPatience`, so that those who wait hear of it.
    public var credentialProcessTime: Duration = .seconds(9)
    /// Time for one request to the portal of IAM Identity Center.
    public var ssoPortalTimeout: Duration = .seconds(5)
    /// Credentials are renewed this long before they end, or after two thirds of their life if that is later. Up to a fifth of it is left
    /// out at random.
    public var credentialsMargin: Duration = .seconds(900)
    /// Waits between attempts to load credentials that failed.
    public var credentialsRetry = ExponentialBackoff(base: .seconds(2), cap: .seconds(60), floor: .seconds(1))
    /// The longest of these waits where no valid credentials are left: every second without them is an outage.
    public var credentialsOutageRetry: Duration = .seconds(10)
    /// Calls of the Security Token Service within one load of credentials, of all roles of a chain together. They end before
    /// `credentialsPatience`, so that their own error is heard.
    public var securityToken = RetryPolicy(
        maximumAttempts: 4,
        base: .milliseconds(200),
        throttledBase: .milliseconds(500),
        cap: .seconds(2),
        maximumElapsed: .seconds(9),
        attemptTimeout: .seconds(3)
    )
    /// Time for one attempt to get credentials of a container endpoint.
    public var containerTimeout: Duration = .seconds(2)
    /// Attempts at a container endpoint in one load of credentials. With their waits they end within `credentialsPatience`.
    public var containerAttempts = 3
    /// Time for one request to the instance metadata service. Where nothing responds in this time, there is none. A variable or the profile
    /// may name another.
    public var instanceMetadataTimeout: Duration = .seconds(1)
    /// Time for all requests to the instance metadata service in one load. Below `credentialsPatience`, so that those who wait hear of it.
    public var instanceMetadataTime: Duration = .seconds(9)
    /// Attempts that one load of credentials repeats at an instance metadata service, over all of its requests.
    public var instanceMetadataRetries = 2
    /// Waits between attempts at a container endpoint or an instance metadata service.
    public var endpointRetry = ExponentialBackoff(base: .milliseconds(200), cap: .seconds(1), floor: .milliseconds(50))
    /// Waits between readings of credentials that the service rejects. They begin again at the base when it accepts some, and are short
    /// enough for a key that was replaced to be used within seconds.
    public var rejectedCredentialsRetry = ExponentialBackoff(base: .seconds(1), cap: .seconds(10), floor: .seconds(1))
    /// Characters of a remote error message that go into an `DynamoDBError`.
    public var messageCharacters = 300
    /// How long the service's time, as the last response told it, is used. Clocks drift by less than a tenth of a second in that time.
    public var serviceTimeAge: Duration = .seconds(300)
    /// Retries that may be under way before the client stops retrying; see `RetryBudget`.
    public var retryTokens = 500
    /// Shards and streams that are known to fail, and so get no retry within a call. At the bound all are forgotten, and each gets one
    /// more.
    public var failingSubjects = 10_000

    /// The defaults.
    public init() {}
}
