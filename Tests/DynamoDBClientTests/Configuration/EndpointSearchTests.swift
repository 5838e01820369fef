import Testing

@testable import DynamoDBClient

@Suite struct EndpointSearchTests {
    private func search(
        _ variables: [String: String] = [:],
        config: String = "",
        overrides: AWSOverrides = AWSOverrides()
    ) throws -> EndpointSearch {
        let profiles = SharedProfiles(config: try INIDocument(Array("[default]\n\(config)\n".utf8)), credentials: nil)
        let environment = variables.filter { !$0.value.isEmpty }
        let settings = SharedSettings(environment: environment, profile: "default", profiles: profiles)
        return EndpointSearch(settings: settings, overrides: overrides)
    }

    private func error(_ search: EndpointSearch, _ service: RegionalService = .dynamoDB) throws -> DynamoDBError {
        try #require(throws: DynamoDBError.self) { try search.endpoint(service, region: "eu-central-1") }
    }

    /// One environment: its variables, the lines below `[default]`, and botocore's endpoint of each service.
    private struct Case {
        var variables: [String: String] = [:]
        var config: [Substring] = []
        var endpoints: [RegionalService: String] = [:]

        init(_ block: [Substring]) throws {
            for line in block {
                let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
                switch parts[0] {
                case "variable":
                    let pair = parts[1].split(separator: "=", omittingEmptySubsequences: false).map(String.init)
                    variables[pair[0]] = pair[1]
                case "config": config.append(line.dropFirst("config ".count))
                default: endpoints[try #require(RegionalService(rawValue: parts[0]))] = parts[1]
                }
            }
        }

        /// botocore prefers the URL; the rule set that it shares with the other SDKs calls this an error, and so do we.
        var isConflict: Bool {
            let settings = variables.map { "\($0) = \($1)" } + config.map(String.init)
            return settings.contains { $0.hasSuffix("use_fips_endpoint = true") || $0.hasSuffix("_ENDPOINT = true") }
        }
    }

    @Test("variables and the shared file are followed as botocore follows them")
    func botocore() throws {
        let blocks = try BotocoreEndpoints.blocks("searches.txt")
        #expect(blocks.count >= 25)
        var conflicts = 0
        for block in blocks {
            let example = try Case(block)
            let search = try search(example.variables, config: example.config.joined(separator: "\n"))
            #expect(example.endpoints.count == RegionalService.allCases.count)
            for (service, expected) in example.endpoints {
                if example.isConflict, expected.hasPrefix("http://") {
                    #expect(try error(search, service).code == "ConflictingEndpoint", "\(service): \(block)")
                    conflicts += 1
                } else if expected == "error" {
                    #expect(throws: DynamoDBError.self, "\(service): \(block)") {
                        try search.endpoint(service, region: "us-gov-west-1")
                    }
                } else {
                    let found = try search.endpoint(service, region: "us-gov-west-1")
                    #expect(found.description == expected, "\(service): \(block)")
                }
            }
        }
        #expect(conflicts == 9)
    }

    private static let section = "services = s\n[services s]\ndynamodb_streams =\n  endpoint_url = http://section:1"
    private static let streams = ["AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://own:1"]
    private static let general = ["AWS_ENDPOINT_URL": "http://general:1"]

    @Test(
        "what is of Streams alone wins over the option for both services",
        arguments: [
            (streams, "", "http://own:1"), (streams.merging(general) { old, _ in old }, section, "http://own:1"),
            ([:], section, "http://section:1"), (general, section, "http://section:1"),
            (general, "", "http://option:1"),
            ([:], "endpoint_url = http://profile:1", "http://option:1"),
            (
                streams.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { old, _ in old }, section,
                "http://option:1"
            ),
        ] as [([String: String], String, String)]
    )
    func streamsOverOption(variables: [String: String], config: String, expected: String) throws {
        var overrides = AWSOverrides(endpointURL: "http://option:1")
        let found = try search(variables, config: config, overrides: overrides)
        #expect(try found.endpoint(.dynamoDBStreams, region: "eu-central-1").description == expected)
        #expect(try found.endpoint(.dynamoDB, region: "eu-central-1").description == "http://option:1")
        overrides.streamsEndpointURL = "http://streams-option:1"
        let named = try search(variables, config: config, overrides: overrides)
        #expect(try named.endpoint(.dynamoDBStreams, region: "eu-central-1").description == "http://streams-option:1")
        #expect(try named.endpoint(.dynamoDB, region: "eu-central-1").description == "http://option:1")
    }

    @Test(
        "the option is of DynamoDB and Streams, and never of the services that hand out keys",
        arguments: [.sts, .sso] as [RegionalService]
    )
    func otherServices(service: RegionalService) throws {
        let overrides = AWSOverrides(endpointURL: "http://option:1", streamsEndpointURL: "http://streams-option:1")
        let regional = try search(overrides: overrides).endpoint(service, region: "eu-central-1")
        #expect(regional == Endpoint(service, region: "eu-central-1"))
        let general = try search(Self.general, overrides: overrides).endpoint(service, region: "eu-central-1")
        #expect(general.description == "http://general:1")
    }

    @Test("FIPS or dual-stack together with a URL is an error that names both settings")
    func conflicts() throws {
        #expect(
            try error(
                search(["AWS_USE_FIPS_ENDPOINT": "true"], overrides: AWSOverrides(endpointURL: "http://option:1"))
            ).description
                == "Configuration endpoint URL failed: ConflictingEndpoint: a URL cannot be combined with AWS_USE_FIPS_ENDPOINT, "
                + "which asks for AWS's own FIPS endpoint. Remove the URL, or set AWS_USE_FIPS_ENDPOINT=false."
        )
        #expect(
            try error(search(Self.general, config: "use_dualstack_endpoint = true")).description
                == "Configuration AWS_ENDPOINT_URL failed: ConflictingEndpoint: a URL cannot be combined with "
                + "use_dualstack_endpoint of profile default, which asks for AWS's own dual-stack endpoint. Remove the URL, or set "
                + "use_dualstack_endpoint of profile default to false."
        )
    }

    @Test("a switch that is neither true nor false is an error, so that FIPS is not left off in silence")
    func switches() throws {
        #expect(
            try error(search(["AWS_USE_FIPS_ENDPOINT": "yes"])).description
                == "Configuration AWS_USE_FIPS_ENDPOINT failed: InvalidSwitch: \"yes\" is neither true nor false. "
                + "Set it to true or to false, or remove it."
        )
        #expect(
            try error(search(config: "ignore_configured_endpoint_urls = 1\nendpoint_url = http://profile:1"))
                .description
                == "Configuration ignore_configured_endpoint_urls of profile default failed: InvalidSwitch: \"1\" is neither true "
                + "nor false. Set it to true or to false, or remove it."
        )
    }

    @Test("errors name the place that the value came from")
    func places() throws {
        #expect(
            try error(search(config: "services = missing")).description
                == "Configuration services of profile default failed: UnknownServices: there is no section [services missing] in the "
                + "config file. Add the section, or remove the line services from the profile."
        )
        let section = "services = s\n[services s]\ndynamodb =\n  endpoint_url = localhost"
        #expect(try error(search(config: section)).subject == "dynamodb of section services s")
        #expect(try error(search(config: "endpoint_url = x")).subject == "endpoint_url of profile default")
        #expect(try error(search(["AWS_ENDPOINT_URL_STS": "x"]), .sts).subject == "AWS_ENDPOINT_URL_STS")
        let region = try #require(throws: DynamoDBError.self) { try search().endpoint(.sso, region: "evil.example/") }
        #expect(
            region.description
                == "Configuration Region of sso failed: InvalidRegion: \"evil.example/\" is not the name of a region. "
                + "Give a region's code, for example eu-central-1."
        )
    }
}
