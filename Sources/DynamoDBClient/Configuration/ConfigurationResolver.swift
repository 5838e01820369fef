import Basics

/// Puts a configuration together: reads the shared files, and has each part found by the search that knows its order.
struct ConfigurationResolver: Sendable {
    private let environment: [String: String]
    private let overrides: AWSOverrides
    private let limits: DynamoDBClientLimits
    private let files: SharedFiles
    private let profile: String
    private let instanceRegion: InstanceRegion
    private let queue = FileQueue()

    /// Asks the EC2 instance for its Region, with the settings and the way to send requests; nil where there is none.
    typealias InstanceRegion = @Sendable (SharedSettings, CredentialsHTTP) async throws(DynamoDBError) -> String?

    /// `instanceRegion` is asked where nothing else names a Region.
    init(
        environment: [String: String],
        overrides: AWSOverrides,
        limits: DynamoDBClientLimits,
        instanceRegion: @escaping InstanceRegion
    ) {
        // A variable that is set to nothing counts as not set.
        self.environment = environment.filter { !$0.value.isEmpty }
        self.overrides = overrides
        self.limits = limits
        self.instanceRegion = instanceRegion
        files = SharedFiles(environment: self.environment, byteLimit: limits.configurationFileBytes)
        profile = overrides.profile ?? self.environment["AWS_PROFILE"] ?? "default"
    }

    func resolve(
        time: TimeSource,
        observer: (any CredentialsObserver)?
    ) async throws(DynamoDBError) -> AWSConfiguration {
        let files = files
        let profiles = try await queue.run { () throws(DynamoDBError) in try files.load() }
        try checkProfile(profiles)
        let settings = SharedSettings(environment: environment, profile: profile, profiles: profiles)
        let certificates = try await certificateBundle(settings)
        let http = CredentialsHTTP(limits: limits, certificates: certificates)
        let instanceRegion = instanceRegion
        let search = RegionSearch(settings: settings, overrides: overrides) { () async throws(DynamoDBError) in
            try await instanceRegion(settings, http)
        }
        let region = try await search.region()
        let clock = AWSClock(time: time, maximumAge: limits.serviceTimeAge)
        let endpoints = EndpointSearch(settings: settings, overrides: overrides)
        let context = CredentialsContext(
            environment: environment,
            profile: profile,
            isProfileChosen: overrides.profile != nil,
            files: files,
            region: region,
            http: http,
            clock: clock,
            limits: limits,
            endpoint: { service, region throws(DynamoDBError) in try endpoints.endpoint(service, region: region) }
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
            dynamoDB: try endpoints.endpoint(.dynamoDB, region: region),
            dynamoDBStreams: try endpoints.endpoint(.dynamoDBStreams, region: region),
            certificateBundle: certificates,
            limits: limits
        )
        configuration.clock = clock
        return configuration
    }

    private var isProfileNamed: Bool { overrides.profile != nil || environment["AWS_PROFILE"] != nil }

    private func checkProfile(_ profiles: SharedProfiles) throws(DynamoDBError) {
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

    /// The path of the certificate authorities that variable or profile names, checked; nil for the system's.
    private func certificateBundle(_ settings: SharedSettings) async throws(DynamoDBError) -> String? {
        guard let bundle = settings.variable("AWS_CA_BUNDLE") ?? settings.property("ca_bundle") else { return nil }
        let limit = limits.certificateBundleBytes
        try await queue.run { () throws(DynamoDBError) in try CertificateBundle.check(bundle, limit: limit) }
        return bundle.value
    }
}
