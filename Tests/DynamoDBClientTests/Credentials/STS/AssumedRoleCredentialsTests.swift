import TestTools
import Testing

@testable import DynamoDBClient

/// Keys, or why there are none, as a test says.
private struct GivenSource: CredentialsSource {
    let result: Result<LoadedCredentials, DynamoDBError>

    func load() async throws(DynamoDBError) -> LoadedCredentials { try result.get() }
}

@Suite struct AssumedRoleCredentialsTests {
    private let directory = TemporaryDirectory()

    private func source(
        _ url: String,
        environment: [String: String] = [:],
        container: any CredentialsSource = EnvironmentCredentials(environment: [:]),
        instance: any CredentialsSource = EnvironmentCredentials(environment: [:])
    ) -> ProfileCredentials {
        let context = makeContext(directory, url: url, environment: environment)
        return ProfileCredentials(
            profile: "dev",
            sources: makeProfileSources(context, container: container, instance: instance)
        )
    }

    private func given(_ identifier: String) -> GivenSource {
        let credentials = Credentials(accessKeyID: identifier, secretAccessKey: "given-secret")
        return GivenSource(result: .success(LoadedCredentials(credentials, source: "elsewhere")))
    }

    /// The access keys that signed the requests, with the roles that they asked for.
    private func calls(_ server: ScriptedServer) -> [String] {
        server.requests.map { request in
            let signer =
                request.header("authorization")?.split(separator: "=").dropFirst().first?.prefix { $0 != "/" } ?? "-"
            let role = request.text.split(separator: "&").first { $0.hasPrefix("RoleArn=") } ?? "-"
            return "\(signer) \(role.split(separator: "F").last ?? "-")"
        }
    }

    @Test("the keys of a source profile assume the role")
    func sourceProfile() async throws {
        directory.write(
            "config",
            "[profile dev]\nrole_arn = \(exampleRole)\nsource_profile = base\nexternal_id = x\nrole_session_name = blue\n"
        )
        directory.write("credentials", "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = secret\n")
        let server = Script(roleKeys()).server()
        defer { server.stop() }
        let loaded = try await source(server.url).load()
        #expect(
            loaded
                == LoadedCredentials(
                    roleCredentials(),
                    expiresAt: 1_796_000_400_000,
                    source: "role arn:aws:iam::111122223333:role/reader by profile dev"
                )
        )
        #expect(calls(server) == ["AKBASE reader"])
        #expect(server.requests.first?.text.hasSuffix("&RoleSessionName=blue&ExternalId=x") == true)
    }

    @Test("replaced keys of the source profile sign the next call")
    func rereads() async throws {
        directory.write("config", "[profile dev]\nrole_arn = \(exampleRole)\nsource_profile = base\n")
        directory.write("credentials", "[base]\naws_access_key_id = AKOLD\naws_secret_access_key = secret\n")
        let server = Script(roleKeys()).server()
        defer { server.stop() }
        let source = source(server.url)
        _ = try await source.load()
        directory.write("credentials", "[base]\naws_access_key_id = AKNEW\naws_secret_access_key = secret\n")
        _ = try await source.load()
        #expect(calls(server) == ["AKOLD reader", "AKNEW reader"])
    }

    @Test("a role assumes the next one of the chain")
    func chain() async throws {
        directory.write(
            "config",
            """
            [profile dev]
            role_arn = arn:aws:iam::1:role/last
            source_profile = middle
            [profile middle]
            role_arn = arn:aws:iam::1:role/first
            source_profile = base
            [profile base]
            aws_access_key_id = AKBASE
            aws_secret_access_key = secret
            """
        )
        let server = Script(roleKeys(number: 1), roleKeys(number: 2)).server()
        defer { server.stop() }
        let loaded = try await source(server.url).load()
        #expect(loaded.credentials == roleCredentials(2))
        #expect(loaded.source == "role arn:aws:iam::1:role/last by profile dev")
        #expect(calls(server) == ["AKBASE first", "ASIA1 last"])
        #expect(server.requests.last?.header("x-amz-security-token") == "token+1==")
    }

    @Test("a web identity of a source profile assumes the role")
    func webIdentity() async throws {
        let token = directory.write("token", "t")
        directory.write(
            "config",
            """
            [profile dev]
            role_arn = arn:aws:iam::1:role/last
            source_profile = pod
            [profile pod]
            role_arn = arn:aws:iam::1:role/pod
            web_identity_token_file = \(token)
            """
        )
        let server = Script(roleKeys("AssumeRoleWithWebIdentity", number: 1), roleKeys(number: 2)).server()
        defer { server.stop() }
        #expect(try await source(server.url).load().credentials == roleCredentials(2))
        #expect(calls(server) == ["- pod", "ASIA1 last"])
    }

    @Test("credential_source names the environment, the container or the instance, in any case")
    func credentialSource() async throws {
        let server = Script(roleKeys()).server()
        defer { server.stop() }
        for name in ["Environment", "EcsContainer", "ec2instancemetadata"] {
            directory.write("config", "[profile dev]\nrole_arn = \(exampleRole)\ncredential_source = \(name)\n")
            let source = source(
                server.url,
                environment: ["AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "secret"],
                container: given("AKECS"),
                instance: given("AKEC2")
            )
            #expect(try await source.load().source == "role \(exampleRole) by profile dev")
        }
        #expect(calls(server) == ["AKENV reader", "AKECS reader", "AKEC2 reader"])
    }

    @Test("a source without keys is a fault that names it; only a metadata service may still come")
    func noSource() async throws {
        for (name, kind) in [("Environment", DynamoDBError.Kind.accessDenied), ("Ec2InstanceMetadata", .transient)] {
            directory.write("config", "[profile dev]\nrole_arn = \(exampleRole)\ncredential_source = \(name)\n")
            let source = source("http://127.0.0.1:1")
            let error = try #require(await #expect(throws: DynamoDBError.self) { try await source.load() })
            #expect(
                error.description
                    == "Configuration profile dev failed: NoSourceCredentials: credential_source \(name) has no keys to assume the role "
                    + "with: there are no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
            #expect(error.kind == kind)
            #expect(!error.isCredentialsNotFound)
        }
        directory.write(
            "config",
            "[profile dev]\nrole_arn = \(exampleRole)\nsource_profile = base\n[profile base]\nregion = x\n"
        )
        let source = source("http://127.0.0.1:1")
        let error = try #require(await #expect(throws: DynamoDBError.self) { try await source.load() })
        #expect(
            error.description
                == "Configuration profile dev failed: NoSourceCredentials: profile base has no keys to assume the role with: there are no "
                + "credentials. Set aws_access_key_id and aws_secret_access_key, role_arn, sso_account_id or credential_process."
        )
    }

    @Test("a source that is at fault is the error")
    func faultySource() async throws {
        directory.write("config", "[profile dev]\nrole_arn = \(exampleRole)\ncredential_source = EcsContainer\n")
        let fault = DynamoDBError.configuration(
            subject: "container",
            code: "X",
            message: "m",
            hint: "",
            kind: .transient
        )
        let source = source("http://127.0.0.1:1", container: GivenSource(result: .failure(fault)))
        let error = await #expect(throws: DynamoDBError.self) { try await source.load() }
        #expect(error == fault)
    }
}
