import Testing

@testable import DynamoDBClient

@Suite struct AWSConfigurationTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"]

    /// An environment with keys, a region, and files that are not there.
    private func environment(_ more: [String: String]) -> [String: String] {
        Self.keys.merging(["AWS_REGION": "eu-central-1", "HOME": "/nonexistent"]) { _, new in new }
            .merging(more) { _, new in new }
    }

    private func fails(
        _ environment: [String: String],
        _ overrides: AWSOverrides = AWSOverrides()
    ) async throws -> DynamoDBError {
        try #require(
            await #expect(throws: DynamoDBError.self) {
                try await AWSConfiguration.resolve(environment: environment, overrides: overrides)
            }
        )
    }

    @Test("without overrides, the region's endpoints")
    func regional() async throws {
        let configuration = try await AWSConfiguration.resolve(environment: environment([:]))
        #expect(configuration.region == "eu-central-1")
        #expect(configuration.dynamoDB.description == "https://dynamodb.eu-central-1.amazonaws.com")
        #expect(configuration.dynamoDBStreams.description == "https://streams.dynamodb.eu-central-1.amazonaws.com")
        #expect(configuration.certificateBundle == nil)
    }

    struct EndpointCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var variables: [String: String] = [:]
        var overrides = AWSOverrides()
        var profile = ""
        let dynamoDB: String
        let streams: String
    }

    @Test(
        "the more particular endpoint wins",
        arguments: [
            EndpointCase(
                testDescription: "one variable for both",
                variables: ["AWS_ENDPOINT_URL": "http://both:1"],
                dynamoDB: "http://both:1",
                streams: "http://both:1"
            ),
            EndpointCase(
                testDescription: "a service's variable over the common one",
                variables: ["AWS_ENDPOINT_URL": "http://both:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://tables:1"],
                dynamoDB: "http://tables:1",
                streams: "http://both:1"
            ),
            EndpointCase(
                testDescription: "only the streams' variable",
                variables: ["AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://streams:1"],
                dynamoDB: "https://dynamodb.eu-central-1.amazonaws.com",
                streams: "http://streams:1"
            ),
            EndpointCase(
                testDescription: "the option over every variable but that of Streams alone",
                variables: [
                    "AWS_ENDPOINT_URL": "http://both:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://tables:1",
                    "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://streams:1",
                ],
                overrides: AWSOverrides(endpointURL: "http://option:1"),
                dynamoDB: "http://option:1",
                streams: "http://streams:1"
            ),
            EndpointCase(
                testDescription: "the streams option over the option",
                overrides: AWSOverrides(endpointURL: "http://option:1", streamsEndpointURL: "http://other:1"),
                dynamoDB: "http://option:1",
                streams: "http://other:1"
            ),
            EndpointCase(
                testDescription: "the profile's endpoint_url",
                profile: "endpoint_url = http://profile:1",
                dynamoDB: "http://profile:1",
                streams: "http://profile:1"
            ),
            EndpointCase(
                testDescription: "a variable over the profile",
                variables: ["AWS_ENDPOINT_URL": "http://both:1"],
                profile: "endpoint_url = http://profile:1",
                dynamoDB: "http://both:1",
                streams: "http://both:1"
            ),
            EndpointCase(
                testDescription: "the profile's services section over its endpoint_url",
                profile: """
                    endpoint_url = http://profile:1
                    services = local
                    [services local]
                    dynamodb =
                      endpoint_url = http://section:1
                    """,
                dynamoDB: "http://section:1",
                streams: "http://profile:1"
            ),
            EndpointCase(
                testDescription: "an empty variable counts as not set",
                variables: ["AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_ENDPOINT_URL": "http://both:1"],
                dynamoDB: "http://both:1",
                streams: "http://both:1"
            ),
        ]
    )
    func endpoints(_ example: EndpointCase) async throws {
        let directory = TemporaryDirectory()
        let config = directory.write("config", "[default]\n" + example.profile + "\n")
        let configuration = try await AWSConfiguration.resolve(
            environment: environment(example.variables.merging(["AWS_CONFIG_FILE": config]) { old, _ in old }),
            overrides: example.overrides
        )
        #expect(configuration.dynamoDB.description == example.dynamoDB)
        #expect(configuration.dynamoDBStreams.description == example.streams)
    }

    @Test("a file of certificate authorities comes from AWS_CA_BUNDLE, then from the profile, and is checked")
    func certificates() async throws {
        let directory = TemporaryDirectory()
        let bundle = directory.write("ca.pem", "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n")
        let config = directory.write("config", "[default]\nca_bundle = \(bundle)\n")
        let ofProfile = try await AWSConfiguration.resolve(environment: environment(["AWS_CONFIG_FILE": config]))
        #expect(ofProfile.certificateBundle == bundle)
        let other = directory.write("other.pem", "-----BEGIN CERTIFICATE-----\n")
        let variables = environment(["AWS_CONFIG_FILE": config, "AWS_CA_BUNDLE": other])
        #expect(try await AWSConfiguration.resolve(environment: variables).certificateBundle == other)
        #expect(
            try await fails(environment(["AWS_CONFIG_FILE": config, "AWS_CA_BUNDLE": "/nonexistent/ca.pem"]))
                .description
                == "Configuration AWS_CA_BUNDLE failed: InvalidCertificateBundle: /nonexistent/ca.pem: No such file or directory. "
                + "Name a readable PEM file with your certificate authority, or remove the setting to trust the system's."
        )
    }

    @Test("the table's ARN names the region only where nothing else does")
    func impliedRegion() async throws {
        var overrides = AWSOverrides()
        overrides.impliedRegion = "eu-west-9"
        let named = try await AWSConfiguration.resolve(environment: environment([:]), overrides: overrides)
        #expect(named.region == "eu-central-1")
        let variables = Self.keys.merging(["HOME": "/nonexistent"]) { old, _ in old }
        let implied = try await AWSConfiguration.resolve(environment: variables, overrides: overrides)
        #expect(implied.region == "eu-west-9")
    }

    @Test("missing credentials, and half a pair, are said when credentials are needed")
    func missingCredentials() async throws {
        let none = try await AWSConfiguration.resolve(environment: [
            "AWS_REGION": "eu-central-1", "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
        ])
        let missing = await #expect(throws: DynamoDBError.self) { try await none.credentials.credentials() }
        #expect(
            missing?.message == DynamoDBError.noCredentials.message
                + " (AWS_EC2_METADATA_DISABLED is true, so the instance metadata service is not used)"
        )
        let half = try await AWSConfiguration.resolve(
            environment: ["AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKID", "HOME": "/nonexistent"]
        )
        let error = await #expect(throws: DynamoDBError.self) { try await half.credentials.credentials() }
        #expect(
            error?.description
                == "Configuration environment failed: IncompleteCredentials: AWS_ACCESS_KEY_ID is set, but "
                + "AWS_SECRET_ACCESS_KEY is not. Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither."
        )
    }

    @Test("an unknown profile is said with those that there are")
    func unknownProfile() async throws {
        let directory = TemporaryDirectory()
        let variables = environment([
            "AWS_CONFIG_FILE": directory.write("config", "[profile dev]\n[default]\n[services x]\n"),
            "AWS_SHARED_CREDENTIALS_FILE": directory.write("credentials", "[prod]\n"),
            "AWS_PROFILE": "stage",
        ])
        #expect(
            try await fails(variables).description
                == "Configuration profile stage failed: UnknownProfile: there is no such profile in "
                + "\(directory.path)/config and \(directory.path)/credentials. The profiles are default, dev, prod."
        )
        #expect(
            try await fails(environment(["AWS_PROFILE": "stage"])).hint
                == "There are no profiles at all: unset AWS_PROFILE, or run `aws configure --profile stage`."
        )
    }

    @Test("a file that cannot be read or understood is named, with the line")
    func badFile() async throws {
        let directory = TemporaryDirectory()
        let config = directory.write("config", "[default]\nregion\n")
        #expect(
            try await fails(environment(["AWS_CONFIG_FILE": config])).description
                == "Configuration \(config) failed: InvalidFile: line 2: expected name = value. "
                + "Mend that line; the file is in the format that `aws configure` writes."
        )
        #expect(
            try await fails(environment(["AWS_CONFIG_FILE": directory.path])).description
                == "Configuration \(directory.path) failed: UnreadableFile: Is a directory. "
                + "Check the file and its permissions, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE."
        )
        var limits = DynamoDBClientLimits()
        limits.configurationFileBytes = 5
        let error = await #expect(throws: DynamoDBError.self) {
            try await AWSConfiguration.resolve(environment: environment(["AWS_CONFIG_FILE": config]), limits: limits)
        }
        #expect(error?.message == "the file is larger than 5 bytes")
    }

    @Test("keys in the environment win, except over a profile that an option names")
    func credentialPrecedence() async throws {
        let directory = TemporaryDirectory()
        let variables = environment([
            "AWS_SHARED_CREDENTIALS_FILE": directory.write(
                "credentials",
                "[dev]\naws_access_key_id = FILE\naws_secret_access_key = x\n"
            ),
            "AWS_PROFILE": "dev",
        ])
        let fromVariables = try await AWSConfiguration.resolve(environment: variables)
        #expect(try await fromVariables.credentials.credentials().accessKeyID == "AKID")
        let fromOption = try await AWSConfiguration.resolve(
            environment: variables,
            overrides: AWSOverrides(profile: "dev")
        )
        #expect(try await fromOption.credentials.credentials().accessKeyID == "FILE")
    }
}
