public import Basics

/// Everything that a client needs to know before its first call.
///
///     let configuration = try await AWSConfiguration.resolve(environment: ProcessInfo.processInfo.environment)
///     let client = try DynamoDBClient(configuration: configuration)
public struct AWSConfiguration: Sendable {
    /// The region that requests are signed for.
    public var region: String
    /// The endpoint of DynamoDB.
    public var dynamoDB: Endpoint
    /// The endpoint of DynamoDB Streams.
    public var dynamoDBStreams: Endpoint
    /// The source of credentials.
    public var credentials: any CredentialsProvider
    /// A file of PEM certificates to trust instead of the system's (`AWS_CA_BUNDLE`, or `ca_bundle` of
    /// the profile).
    public var certificateBundle: String?
    /// The client's bounds.
    public var limits: DynamoDBClientLimits
    /// AWS's time, which requests are signed with.
    package var clock: AWSClock

    /// Names everything. Without endpoints, the region's own are used.
    public init(
        region: String,
        credentials: any CredentialsProvider,
        dynamoDB: Endpoint? = nil,
        dynamoDBStreams: Endpoint? = nil,
        certificateBundle: String? = nil,
        limits: DynamoDBClientLimits = DynamoDBClientLimits(),
        time: TimeSource = .system
    ) {
        self.region = region
        self.credentials = credentials
        self.dynamoDB = dynamoDB ?? Endpoint(.dynamoDB, region: region)
        self.dynamoDBStreams = dynamoDBStreams ?? Endpoint(.dynamoDBStreams, region: region)
        self.certificateBundle = certificateBundle
        self.limits = limits
        clock = AWSClock(time: time, maximumAge: limits.serviceTimeAge)
    }
}

/// Values given on a command line or in code. They win over the environment and the files.
public struct AWSOverrides: Sendable, Hashable {
    /// The region.
    public var region: String?
    /// The profile in the shared files.
    public var profile: String?
    /// The endpoint of both services. A variable or a `services` section for DynamoDB Streams alone wins over it there.
    public var endpointURL: String?
    /// The endpoint of DynamoDB Streams alone.
    public var streamsEndpointURL: String?

    /// The region where nothing else names one: that of a table's ARN.
    package var impliedRegion: String?

    /// Overrides what is not nil.
    public init(
        region: String? = nil,
        profile: String? = nil,
        endpointURL: String? = nil,
        streamsEndpointURL: String? = nil
    ) {
        self.region = region
        self.profile = profile
        self.endpointURL = endpointURL
        self.streamsEndpointURL = streamsEndpointURL
    }
}

extension AWSConfiguration {
    /// Whether DynamoDB is called at an endpoint that has the Region in its name, as AWS's have.
    package var isRegional: Bool { dynamoDB.host.contains(".\(region).") }

    /// Works the configuration out as the AWS tools do: overrides, then the environment, then the shared files.
    ///
    /// Reads the two shared files and the file of certificate authorities, away from the threads that tasks share. Throws, in words, for a
    /// missing or invalid Region, an unknown profile, an invalid endpoint, settings that conflict and an unreadable file. Where the instance
    /// metadata service has to name the Region, is there and fails, the error's `isRetryable` is true. Credentials are looked for when the
    /// first request needs them.
    public static func resolve(
        environment: [String: String],
        overrides: AWSOverrides = AWSOverrides(),
        limits: DynamoDBClientLimits = DynamoDBClientLimits(),
        time: TimeSource = .system,
        observer: (any CredentialsObserver)? = nil
    ) async throws(DynamoDBError) -> AWSConfiguration {
        let resolver = ConfigurationResolver(environment: environment, overrides: overrides, limits: limits) {
            settings,
            http async throws(DynamoDBError) in
            try await InstanceMetadata(
                environment: settings.environment,
                properties: settings.properties,
                http: http,
                limits: limits
            )
            .region()
        }
        return try await resolver.resolve(time: time, observer: observer)
    }
}
