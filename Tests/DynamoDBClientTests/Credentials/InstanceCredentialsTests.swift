import Synchronization
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct InstanceCredentialsTests {
    /// What `AWSConfiguration.resolve` makes of an environment with a Region.
    private func provider(_ environment: [String: String], _ overrides: AWSOverrides = AWSOverrides()) async throws
        -> any CredentialsProvider
    {
        try await AWSConfiguration.resolve(
            environment: ["AWS_REGION": "eu-central-1", "HOME": "/nonexistent"].merging(environment) { $1 },
            overrides: overrides,
            limits: patientLimits
        ).credentials
    }

    @Test("comes last: the environment and the container come first")
    func order() async throws {
        let instance = InstanceScript().server()
        defer { instance.stop() }
        let container = Script(.answer(body: containerKeys)).server()
        defer { container.stop() }
        var environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": instance.url]
        let last = try await provider(environment)
        #expect(try await last.credentials().accessKeyID == "ASIAINSTANCE")
        #expect(last.status.source == "instance role reader@team")
        #expect(last.status.expiresAt == 1_795_996_800_000)
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "\(container.url)/"
        let middle = try await provider(environment)
        #expect(try await middle.credentials().accessKeyID == "ASIAEXAMPLE")
        #expect(middle.status.source == "container at 127.0.0.1:\(container.port)")
        environment["AWS_ACCESS_KEY_ID"] = "AKID"
        environment["AWS_SECRET_ACCESS_KEY"] = "secret"
        let first = try await provider(environment)
        #expect(try await first.credentials().accessKeyID == "AKID")
        #expect(container.requests.count == 1)
        #expect(instance.requests.count == 3)
    }

    @Test("a profile that an option names keeps the environment's keys out, and its settings are used")
    func chosenProfile() async throws {
        let instance = InstanceScript().server()
        defer { instance.stop() }
        let directory = TemporaryDirectory()
        let path = directory.write("config", "[profile dev]\nec2_metadata_service_endpoint = \(instance.url)/\n")
        let provider = try await provider(
            ["AWS_CONFIG_FILE": path, "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"],
            AWSOverrides(profile: "dev")
        )
        #expect(try await provider.credentials().accessKeyID == "ASIAINSTANCE")
    }

    @Test("without keys anywhere, the error says what the instance metadata service lacks")
    func nothing() async throws {
        let instance = InstanceScript(role: .answer(status: 404, body: "")).server()
        defer { instance.stop() }
        let provider = try await provider(["AWS_EC2_METADATA_SERVICE_ENDPOINT": instance.url])
        let error = await #expect(throws: DynamoDBError.self) { try await provider.credentials() }
        #expect(error?.isCredentialsNotFound == true)
        #expect(
            error?.description
                == "Configuration credentials failed: CredentialsNotFound: no AWS credentials in the environment, by web identity, in the "
                + "shared files, from a container or from the instance; the instance metadata service responds, but the instance has no "
                + "role. Attach a role: `aws ec2 associate-iam-instance-profile --iam-instance-profile Name=… --instance-id …`. On AWS, "
                + "give the task, pod or instance a role. Elsewhere set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values do for a "
                + "local endpoint), or AWS_PROFILE to a profile that has keys."
        )
    }

    @Test("a service that had keys and refuses now is an outage, and not a place without keys")
    func outage() async throws {
        let isAway = Atomic(false)
        let script = InstanceScript()
        let server = ScriptedServer { request in
            isAway.load(ordering: .relaxed) ? .answer(status: 404, body: "") : script.reply(request)
        }.start()
        defer { server.stop() }
        let source = InstanceCredentials { () async throws(DynamoDBError) in
            InstanceMetadata(
                environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url],
                properties: [:],
                http: .plain,
                limits: patientLimits
            )
        }
        isAway.store(true, ordering: .relaxed)
        #expect(await failure(source)?.isCredentialsNotFound == true)
        isAway.store(false, ordering: .relaxed)
        #expect(try await source.load().source == "instance role reader@team")
        isAway.store(true, ordering: .relaxed)
        let error = await failure(source)
        #expect(error?.isCredentialsNotFound == false)
        #expect(error?.kind == .transient)
    }
}
