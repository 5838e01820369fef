/// Everything that a client needs to know before its first call.
///
///     let configuration = try AWSConfiguration.resolve(environment: ProcessInfo.processInfo.environment)
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
    /// A file of PEM certificates to trust instead of the system's (`AWS_CA_BUNDLE`).
    public var certificateBundle: String?
    /// The client's bounds.
    public var limits: DynamoDBClientLimits

    /// Names everything. Without endpoints, the region's own are used.
    public init(
        region: String,
        credentials: any CredentialsProvider,
        dynamoDB: Endpoint? = nil,
        dynamoDBStreams: Endpoint? = nil,
        certificateBundle: String? = nil,
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) {
        self.region = region
        self.credentials = credentials
        self.dynamoDB = dynamoDB ?? Endpoint(service: "dynamodb", region: region)
        self.dynamoDBStreams = dynamoDBStreams ?? Endpoint(service: "streams.dynamodb", region: region)
        self.certificateBundle = certificateBundle
        self.limits = limits
    }
}

/// Values given on a command line or in code. They win over the environment and the files.
public struct AWSOverrides: Sendable, Hashable {
    /// The region.
    public var region: String?
    /// The profile in the shared files.
    public var profile: String?
    /// The endpoint of both services.
    public var endpointURL: String?
    /// The endpoint of DynamoDB Streams, where it is not `endpointURL`.
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
    /// Works the configuration out as the AWS tools do: overrides, then the environment, then the shared files.
    ///
    /// Reads the two shared files, at once. Throws, in words, for a missing or impossible region, an unknown profile, an
    /// endpoint that is no URL, an unreadable file, and where no credentials are to be had.
    public static func resolve(
        environment: [String: String],
        overrides: AWSOverrides = AWSOverrides(),
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) throws(DynamoDBError) -> AWSConfiguration {
        try ConfigurationResolver(environment: environment, overrides: overrides, limits: limits).resolve()
    }
}
