import Basics

/// The precedence rules of `AWSConfiguration.resolve`.
struct ConfigurationResolver {
    private let environment: [String: String]
    private let overrides: AWSOverrides
    private let limits: DynamoDBClientLimits
    private let files: SharedFiles
    private let profiles: SharedProfiles
    private let profile: String

    init(
        environment: [String: String],
        overrides: AWSOverrides,
        limits: DynamoDBClientLimits
    ) throws(DynamoDBError) {
        // A variable that is set to nothing counts as not set.
        self.environment = environment.filter { !$0.value.isEmpty }
        self.overrides = overrides
        self.limits = limits
        files = SharedFiles(environment: self.environment, byteLimit: limits.configurationFileBytes)
        profiles = try files.load()
        profile = overrides.profile ?? self.environment["AWS_PROFILE"] ?? "default"
    }

    func resolve(
        time: TimeSource,
        observer: (any CredentialsObserver)?
    ) async throws(DynamoDBError) -> AWSConfiguration {
        try checkProfile()
        let region = try resolvedRegion()
        let clock = AWSClock(time: time, maximumAge: limits.serviceTimeAge)
        let certificates = environment["AWS_CA_BUNDLE"]
        let context = CredentialsContext(
            environment: environment,
            profile: profile,
            isProfileChosen: overrides.profile != nil,
            files: files,
            region: region,
            http: CredentialsHTTP(limits: limits, certificates: certificates),
            clock: clock,
            limits: limits,
            endpoint: { service, region throws(DynamoDBError) in Endpoint(service, region: region) }
        )
        var configuration = AWSConfiguration(
            region: region,
            credentials: RefreshingCredentials(
                context.sources(),
                clock: clock,
                limits: limits,
                time: time,
                observer: observer
            ),
            dynamoDB: try endpoint(
                .init(override: nil, variable: "AWS_ENDPOINT_URL_DYNAMODB", service: "dynamodb")
            ),
            dynamoDBStreams: try endpoint(
                .init(
                    override: overrides.streamsEndpointURL,
                    variable: "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
                    service: "dynamodb_streams"
                )
            ),
            certificateBundle: certificates,
            limits: limits
        )
        configuration.clock = clock
        return configuration
    }

    private var isProfileNamed: Bool { overrides.profile != nil || environment["AWS_PROFILE"] != nil }

    private func checkProfile() throws(DynamoDBError) {
        guard isProfileNamed, profiles[profile] == nil else { return }
        let known = profiles.names
        let places = [files.configPath, files.credentialsPath].compactMap { $0 }.joined(separator: " and ")
        throw .configuration(
            subject: "profile \(profile)",
            code: "UnknownProfile",
            message: "there is no such profile in \(places.isEmpty ? "any file (HOME is not set)" : places)",
            hint: known.isEmpty
                ? "There are no profiles at all: unset AWS_PROFILE, or run `aws configure --profile \(profile)`."
                : "The profiles are \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : "")."
        )
    }

    private func resolvedRegion() throws(DynamoDBError) -> String {
        let candidates: [(source: String, value: String?)] = [
            ("the region option", overrides.region),
            ("AWS_REGION", environment["AWS_REGION"]),
            ("AWS_DEFAULT_REGION", environment["AWS_DEFAULT_REGION"]),
            ("profile \(profile)", profiles[profile]?["region"]),
            ("the table's ARN", overrides.impliedRegion),
        ]
        for (source, value) in candidates {
            guard let value, !value.isEmpty else { continue }
            // It becomes part of a host name and of the signature's scope.
            guard value.utf8.count <= 63, ByteSet.lowercase.union(ByteSet("-")).containsAll(of: value) else {
                throw .configuration(
                    subject: source,
                    code: "InvalidRegion",
                    message: "\"\(value.prefix(80))\" is not the name of a region",
                    hint: "Give a region's code, for example eu-central-1."
                )
            }
            return value
        }
        throw .configuration(
            subject: "region",
            code: "MissingRegion",
            message: "no AWS region is set, and requests are signed for a region",
            hint: "Set AWS_REGION, for example AWS_REGION=eu-central-1 (a local endpoint takes any)."
        )
    }

    /// The three places that are a service's own.
    private struct EndpointSources {
        let override: String?
        let variable: String
        let service: String
    }

    /// Nil where nothing overrides the region's own endpoint.
    private func endpoint(_ sources: EndpointSources) throws(DynamoDBError) -> Endpoint? {
        if let url = sources.override { return try Endpoint(url, source: "streams endpoint URL") }
        if let url = overrides.endpointURL { return try Endpoint(url, source: "endpoint URL") }
        for variable in [sources.variable, "AWS_ENDPOINT_URL"] {
            if let url = environment[variable] { return try Endpoint(url, source: variable) }
        }
        guard let url = profiles.endpointURL(profile: profile, service: sources.service), !url.isEmpty else {
            return nil
        }
        return try Endpoint(url, source: "endpoint_url of profile \(profile)")
    }
}
