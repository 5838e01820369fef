import Synchronization
import Testing

@testable import DynamoDBClient

@Suite struct RegionSearchTests {
    /// Counts how often the instance is asked.
    private final class Instance: Sendable {
        private let asked = Mutex(0)
        private let answer: String?

        init(_ answer: String?) { self.answer = answer }

        var count: Int { asked.withLock { $0 } }

        func region() -> String? {
            asked.withLock { $0 += 1 }
            return answer
        }
    }

    private func region(
        _ variables: [String: String] = [:],
        config: String = "",
        overrides: AWSOverrides = AWSOverrides(),
        instance: Instance = Instance(nil)
    ) async throws -> String {
        let profiles = SharedProfiles(
            config: try INIDocument(Array("[profile dev]\n\(config)\n".utf8)),
            credentials: nil
        )
        let settings = SharedSettings(environment: variables, profile: "dev", profiles: profiles)
        return try await RegionSearch(settings: settings, overrides: overrides) { instance.region() }.region()
    }

    @Test(
        "the Region comes from the option, AWS_REGION, AWS_DEFAULT_REGION, the profile, the table's ARN, then the instance"
    )
    func order() async throws {
        let instance = Instance("us-west-9")
        var overrides = AWSOverrides()
        var (variables, config) = ([String: String](), "")
        #expect(try await region(variables, config: config, overrides: overrides, instance: instance) == "us-west-9")
        #expect(instance.count == 1)
        overrides.impliedRegion = "eu-west-5"
        #expect(try await region(variables, config: config, overrides: overrides, instance: instance) == "eu-west-5")
        config = "region = eu-west-4"
        #expect(try await region(variables, config: config, overrides: overrides, instance: instance) == "eu-west-4")
        variables["AWS_DEFAULT_REGION"] = "eu-west-3"
        #expect(try await region(variables, config: config, overrides: overrides, instance: instance) == "eu-west-3")
        variables["AWS_REGION"] = "eu-west-2"
        #expect(try await region(variables, config: config, overrides: overrides, instance: instance) == "eu-west-2")
        overrides.region = "eu-west-1"
        #expect(try await region(variables, config: config, overrides: overrides, instance: instance) == "eu-west-1")
        #expect(instance.count == 1, "the instance is asked only where nothing else names a Region")
    }

    @Test(
        "a missing Region is said, with what to set, for a local endpoint too",
        arguments: [nil, "http://localhost:8000"]
    )
    func missing(endpoint: String?) async throws {
        let error = await #expect(throws: DynamoDBError.self) {
            try await region(config: "region =", overrides: AWSOverrides(endpointURL: endpoint))
        }
        #expect(
            error?.description
                == "Configuration region failed: MissingRegion: no AWS region is set, and requests are signed for a region. "
                + "Set AWS_REGION, for example AWS_REGION=eu-central-1 (a local endpoint takes any). On EC2 the instance metadata "
                + "service (IMDS) names the region where the process can reach it."
        )
        #expect(error?.kind == .fatal)
    }

    @Test("a text of the instance that cannot be a Region counts as none", arguments: ["evil.example", "", "<html>"])
    func invalidOfInstance(text: String) async throws {
        let error = await #expect(throws: DynamoDBError.self) { try await region(instance: Instance(text)) }
        #expect(error?.code == "MissingRegion")
    }

    @Test("a failure of the instance's service is told as it is")
    func failing() async throws {
        let failure = DynamoDBError(
            kind: .transient,
            operation: "GetInstanceMetadata",
            subject: "Region",
            code: "HTTP 500",
            message: "said the test",
            hint: ""
        )
        let profiles = SharedProfiles(config: nil, credentials: nil)
        let settings = SharedSettings(environment: [:], profile: "dev", profiles: profiles)
        let search = RegionSearch(settings: settings, overrides: AWSOverrides()) { () async throws(DynamoDBError) in
            throw failure
        }
        await #expect(throws: failure) { try await search.region() }
    }

    @Test(
        "a text that cannot be a Region is refused with the place it came from",
        arguments: [
            (["AWS_REGION": "eu central:1"], "AWS_REGION", "eu central:1"),
            (
                ["AWS_DEFAULT_REGION": String(repeating: "a", count: 64)], "AWS_DEFAULT_REGION",
                String(repeating: "a", count: 64)
            ),
        ] as [([String: String], String, String)]
    )
    func invalid(variables: [String: String], place: String, shown: String) async throws {
        let error = await #expect(throws: DynamoDBError.self) { try await region(variables) }
        #expect(
            error?.description
                == "Configuration \(place) failed: InvalidRegion: \"\(shown)\" is not the name of a region. "
                + "Give a region's code, for example eu-central-1."
        )
    }
}
