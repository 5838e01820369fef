import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct InstancePatienceTests {
    private func patience(
        _ environment: [String: String] = [:],
        _ properties: [String: String] = [:]
    ) throws -> InstancePatience {
        try InstancePatience(environment: environment, properties: properties, limits: DynamoDBClientLimits())
    }

    @Test("without settings a request takes a second, and two are repeated")
    func defaults() throws {
        let patience = try patience(["AWS_METADATA_SERVICE_TIMEOUT": ""], ["metadata_service_num_attempts": ""])
        #expect(patience.timeout == .seconds(1))
        #expect(patience.retries == 2)
        #expect(!patience.retriesSilence)
        #expect(patience.total(limits: DynamoDBClientLimits()) == .seconds(1))
    }

    @Test("a variable wins over the profile, and both are bounded")
    func settings() throws {
        let profile = ["metadata_service_timeout": "3", "metadata_service_num_attempts": " 2 "]
        let ofProfile = try patience([:], profile)
        #expect(ofProfile.timeout == .seconds(3))
        #expect(ofProfile.retries == 1)
        #expect(ofProfile.retriesSilence)
        #expect(ofProfile.total(limits: DynamoDBClientLimits()) == .seconds(6))
        let ofVariables = try patience(
            ["AWS_METADATA_SERVICE_TIMEOUT": "2", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1"],
            profile
        )
        #expect(ofVariables.timeout == .seconds(2))
        #expect(ofVariables.retries == 0)
        #expect(ofVariables.total(limits: DynamoDBClientLimits()) == .seconds(2))
        let long = try patience(
            [
                "AWS_METADATA_SERVICE_TIMEOUT": "999999999999",
                "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "9223372036854775807",
            ]
        )
        #expect(long.timeout == .seconds(9))
        #expect(long.total(limits: DynamoDBClientLimits()) == .seconds(9))
    }

    @Test(
        "a value that is no whole number from 1 is named",
        arguments: ["0", "-1", "1.5", "soon", "9223372036854775808"]
    )
    func invalid(value: String) throws {
        let error = try #require(throws: DynamoDBError.self) {
            try patience([:], ["metadata_service_timeout": value])
        }
        #expect(
            error.description
                == "Configuration metadata_service_timeout failed: InvalidNumber: \"\(value)\" is not a whole number from 1. "
                + "Give a whole number, for example 2, or remove the setting."
        )
        #expect(throws: DynamoDBError.self) { try patience(["AWS_METADATA_SERVICE_NUM_ATTEMPTS": value]) }
    }

    @Test("attempts that somebody asked for are made at a service that is silent, too")
    func attempts() async {
        let server = Script(.silence).server()
        defer { server.stop() }
        var limits = DynamoDBClientLimits()
        limits.instanceMetadataTimeout = .milliseconds(100)
        let metadata = InstanceMetadata(
            environment: [
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url, "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "3",
            ],
            properties: [:],
            http: .plain,
            limits: limits,
            time: FakeTime(random: 0).source
        )
        let error = await failure(InstanceCredentials { metadata })
        #expect(error?.isCredentialsNotFound == true)
        #expect(server.connectionCount == 3)
    }
}
