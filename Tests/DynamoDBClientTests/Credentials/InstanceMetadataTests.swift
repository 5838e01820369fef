import CurlTransport
import Glibc
import Synchronization
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct InstanceMetadataTests {
    private func metadata(
        _ server: ScriptedServer,
        _ more: [String: String] = [:],
        limits: DynamoDBClientLimits = patientLimits,
        time: FakeTime = FakeTime()
    ) -> InstanceMetadata {
        InstanceMetadata(
            environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url].merging(more) { $1 },
            properties: [:],
            http: .plain,
            limits: limits,
            time: time.source
        )
    }

    private func failure(_ metadata: InstanceMetadata, isKnown: Bool = false) async -> DynamoDBError? {
        do throws(DynamoDBError) {
            _ = try await metadata.credentials(isKnown: isKnown)
            return nil
        } catch { return error }
    }

    private static let keys = Credentials(
        accessKeyID: "ASIAINSTANCE",
        secretAccessKey: "hush-secret",
        sessionToken: "hush-token"
    )

    @Test("asks for a token, the role and its keys, in that order")
    func requests() async throws {
        let server = InstanceScript().server()
        defer { server.stop() }
        let loaded = try await metadata(server).credentials(isKnown: false)
        #expect(
            loaded == LoadedCredentials(Self.keys, expiresAt: 1_795_996_800_000, source: "instance role reader@team")
        )
        #expect(
            server.requests.map(\.requestLine) == [
                "PUT /latest/api/token HTTP/1.1", "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
                "GET /latest/meta-data/iam/security-credentials/reader@team HTTP/1.1",
            ]
        )
        #expect(server.requests.map { $0.header("x-aws-ec2-metadata-token-ttl-seconds") } == ["21600", nil, nil])
        #expect(server.requests.map { $0.header("x-aws-ec2-metadata-token") } == [nil, "token-1", "token-1"])
        #expect(server.requests.allSatisfy { $0.body.isEmpty })
    }

    @Test("keys that have ended are passed on, as the service has no others during an outage")
    func ended() async throws {
        let server = InstanceScript(keys: InstanceScript.keys.replacing("2026-11-30", with: "2001-01-01")).server()
        defer { server.stop() }
        let loaded = try await metadata(server).credentials(isKnown: false)
        #expect(loaded.credentials == Self.keys)
        #expect(loaded.expiresAt == 978_307_200_000)
    }

    @Test("a token that is refused is replaced once")
    func replacesToken() async throws {
        let server = InstanceScript(validToken: "token-2").server()
        defer { server.stop() }
        #expect(try await metadata(server).credentials(isKnown: false).credentials == Self.keys)
        #expect(server.requests.filter { $0.requestLine.hasPrefix("PUT") }.count == 2)
    }

    @Test("a token that is refused again and again ends the load")
    func refusesTokens() async throws {
        let server = InstanceScript(validToken: "none").server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(
            error?.description == "GetInstanceMetadata role failed: HTTP 401: \(server.url) responded with status 401. "
                + "If it persists, check the instance's status in the EC2 console."
        )
        #expect(error?.kind == .transient)
    }

    @Test("switched off by the variable, it is not asked", arguments: ["true", "TRUE", "True"])
    func disabled(value: String) async {
        let server = InstanceScript().server()
        defer { server.stop() }
        let error = await failure(metadata(server, ["AWS_EC2_METADATA_DISABLED": value]))
        #expect(error?.isCredentialsNotFound == true)
        #expect(
            error?.message == "AWS_EC2_METADATA_DISABLED is true, so the instance metadata service is not used"
        )
        #expect(server.connectionCount == 0)
    }

    @Test("any other value does not switch it off", arguments: ["false", "1", ""])
    func enabled(value: String) async throws {
        let server = InstanceScript().server()
        defer { server.stop() }
        #expect(
            try await metadata(server, ["AWS_EC2_METADATA_DISABLED": value]).credentials(isKnown: false).credentials
                == Self.keys
        )
    }

    @Test("an address that accepts and stays silent is given up after a second, with a word on the hop limit")
    func hopLimit() async {
        let server = Script(.silence).server()
        defer { server.stop() }
        var error: DynamoDBError?
        let elapsed = await ContinuousClock().measure {
            error = await failure(metadata(server, limits: DynamoDBClientLimits()))
        }
        // The limit is 1 s; the rest is for a busy machine.
        #expect(elapsed >= .milliseconds(900) && elapsed < .seconds(8))
        #expect(error?.isCredentialsNotFound == true)
        #expect(
            error?.description
                == "GetInstanceMetadata token failed: CredentialsNotFound: \(server.url) accepted the connection and sent no token "
                + "within 1 s, as for a container when its hop limit is 1. In a container on EC2, allow one hop more: "
                + "`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id …`. If this is no EC2 instance, set AWS_EC2_METADATA_DISABLED=true."
        )
        #expect(server.connectionCount == 1)
    }

    @Test("nobody there: at once, as keys come from elsewhere")
    func refused() async {
        let error = await withRefusingPort { port in
            await failure(
                InstanceMetadata(
                    environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:\(port)"],
                    properties: [:],
                    http: .plain,
                    limits: patientLimits
                )
            )
        }
        #expect(error?.isCredentialsNotFound == true)
        #expect(error?.message.hasSuffix(", the instance metadata service, cannot be reached") == true)
    }

    @Test(
        "something that hands out no tokens is no such service",
        arguments: [
            (
                403,
                "refuses requests: the instance metadata service is turned off. On EC2, turn it on: "
                    + "`aws ec2 modify-instance-metadata-options --http-endpoint enabled --instance-id …`."
            ),
            (404, "hands out no tokens of IMDSv2 (status 404)."), (405, "hands out no tokens of IMDSv2 (status 405)."),
            (400, "hands out no tokens of IMDSv2 (status 400)."), (200, "hands out no tokens of IMDSv2 (status 200)."),
        ] as [(Int, String)]
    )
    func noTokens(status: Int, words: String) async {
        let server = Script(.answer(status: status, body: status == 200 ? "" : "no")).server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(error?.description == "GetInstanceMetadata token failed: CredentialsNotFound: \(server.url) \(words)")
        #expect(error?.isCredentialsNotFound == true)
        #expect(server.requests.count == 1)
    }

    @Test(
        "an instance without a role has nothing",
        arguments: [(404, "not found"), (200, ""), (200, "\n")] as [(Int, String)]
    )
    func noRole(status: Int, body: String) async {
        let server = InstanceScript(role: .answer(status: status, body: body)).server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(error?.isCredentialsNotFound == true)
        #expect(
            error?.description
                == "GetInstanceMetadata token failed: CredentialsNotFound: the instance metadata service responds, but the instance has "
                + "no role. Attach a role: `aws ec2 associate-iam-instance-profile --iam-instance-profile Name=… --instance-id …`."
        )
    }

    @Test("a page in place of the list of roles is not asked for")
    func foreignRole() async {
        let server = InstanceScript(role: .answer(body: "<html>../../x</html>")).server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(
            error?.description
                == "GetInstanceMetadata role failed: InvalidRoleName: \(server.url) sent a list of roles that cannot be "
                + "read. Check that \(server.url) is the instance metadata service."
        )
        #expect(server.requests.count == 2)
    }

    @Test("the service's own reasons are told")
    func refusedRole() async {
        let server = InstanceScript(
            keys:
                #"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role reader@team.","LastUpdated":"x"}"#
        ).server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(
            error?.description
                == "GetInstanceMetadata role reader@team failed: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role "
                + "reader@team. Check that the role's trust policy names ec2.amazonaws.com."
        )
        #expect(error?.kind == .accessDenied)
        let known = await failure(metadata(server), isKnown: true)
        #expect(known?.kind == .transient)
        #expect(known?.message == error?.message)
    }

    @Test("a role without keys may get some")
    func roleWithoutKeys() async {
        let server = InstanceScript(keysStatus: 404).server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(
            error?.description
                == "GetInstanceMetadata role reader@team failed: HTTP 404: the instance has a role, and \(server.url) has "
                + "no keys for it. Check that the role of the instance profile still exists; one that was just attached takes some seconds."
        )
        #expect(error?.kind == .transient)
    }

    @Test("keys that cannot be used are told without their values")
    func malformed() async {
        let server = InstanceScript(
            keys: #"{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"hush"}"#
        ).server()
        defer { server.stop() }
        let error = await failure(metadata(server))
        #expect(
            error?.description
                == "GetInstanceMetadata role reader@team failed: InvalidCredentials: \(server.url) sent credentials that "
                + "cannot be used: Expiration is not a time such as 2026-11-30T00:00:00Z. Look at \(server.url) with the AWS CLI or curl; "
                + "the response is not one of the instance metadata service."
        )
    }

    @Test("a service that is busy is asked again, three times in all", arguments: [500, 503, 429])
    func busy(status: Int) async throws {
        let server = InstanceScript(role: .answer(status: status, body: "")).server()
        defer { server.stop() }
        let time = FakeTime()
        let error = await failure(metadata(server, time: time))
        #expect(error?.code == "HTTP \(status)")
        #expect(error?.kind == (status == 429 ? .throttled : .transient))
        #expect(server.requests.count == 4)
        #expect(time.waits == [.milliseconds(100), .milliseconds(200)])
        let passing = Script(.answer(status: status, body: ""), .answer(body: "token"), .answer(body: "eu-west-1"))
            .server()
        defer { passing.stop() }
        #expect(try await metadata(passing).region() == "eu-west-1")
    }

    @Test("once it had keys, every failure is an outage that may pass")
    func outage() async {
        let silent = Script(.silence).server()
        defer { silent.stop() }
        var limits = DynamoDBClientLimits()
        limits.instanceMetadataTimeout = .milliseconds(50)
        let silence = await failure(metadata(silent, limits: limits), isKnown: true)
        #expect(silence?.code == "TimedOut")
        #expect(silence?.kind == .transient)
        for reply in [ScriptedServer.Reply.answer(status: 403, body: ""), .answer(status: 404, body: "")] {
            let server = Script(reply).server()
            defer { server.stop() }
            let error = await failure(metadata(server), isKnown: true)
            #expect(error?.kind == .transient)
            #expect(error?.code == "InstanceMetadataUnavailable")
        }
    }

    @Test("a proxy that the process uses is not asked")
    func proxy() async {
        await #expect(processExitsWith: .success) {
            setenv("http_proxy", "http://127.0.0.1:1", 1)
            unsetenv("no_proxy")
            unsetenv("NO_PROXY")
            let server = InstanceScript().server()
            let metadata = InstanceMetadata(
                environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url],
                properties: [:],
                http: .plain,
                limits: patientLimits
            )
            let region = try? await metadata.region()
            #expect(region == "eu-central-1")
        }
    }
}
