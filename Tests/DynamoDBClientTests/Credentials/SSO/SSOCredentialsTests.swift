import Basics
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct SSOCredentialsTests {
    private let login: SSOLogin

    init() throws { login = try SSOLogin() }

    @Test("exchanges the cached token for the role's keys")
    func keys() async throws {
        let server = Script(.answer(body: SSOLogin.portalAnswer)).server()
        defer { server.stop() }
        #expect(
            try await login.source(server.url).load()
                == LoadedCredentials(
                    Credentials(accessKeyID: "AKIDSSO", secretAccessKey: "hush-secret", sessionToken: "hush-session"),
                    expiresAt: 1_900_000_000_000,
                    source: "SSO of profile dev"
                )
        )
        let request = try #require(server.requests.first)
        #expect(
            request.requestLine
                == "GET /federation/credentials?role_name=Read%20%26%20Write&account_id=111122223333 HTTP/1.1"
        )
        #expect(request.header("x-amz-sso_bearer_token") == "hush-token")
        #expect(request.header("authorization") == nil)
        #expect(request.body.isEmpty)
    }

    @Test("the token's file and the session's section are read at each load")
    func rereads() async throws {
        let server = Script(.answer(body: SSOLogin.portalAnswer)).server()
        defer { server.stop() }
        let source = login.source(server.url)
        _ = try await source.load()
        login.cache.write(SSOLogin.file, #"{"accessToken": "second", "expiresAt": "2099-01-01T00:00:00Z"}"#)
        _ = try await source.load()
        #expect(server.requests.map { $0.header("x-amz-sso_bearer_token") } == ["hush-token", "second"])
        login.home.write("config", "[default]\n")
        #expect(
            try await login.failure(source).message
                == "the profile cannot sign on: the config file has no section [sso-session corp]"
        )
    }

    @Test("a profile in the older form has its token under the start URL")
    func olderForm() async throws {
        let server = Script(.answer(body: SSOLogin.portalAnswer)).server()
        defer { server.stop() }
        login.cache.write(
            "a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json",
            #"{"accessToken": "older", "expiresAt": "2099-01-01T00:00:00Z"}"#
        )
        let properties = [
            "sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1", "sso_account_id": "1",
            "sso_role_name": "R",
        ]
        _ = try await login.source(server.url, properties).load()
        #expect(server.requests.map { $0.header("x-amz-sso_bearer_token") } == ["older"])
    }

    @Test("settings that do not do are named with the profile")
    func settings() async throws {
        #expect(
            try await login.failure(login.source("", ["sso_account_id": "1"])).description
                == "Configuration SSO of profile dev failed: InvalidSSOProfile: the profile cannot sign on: it has no "
                + "sso_role_name, no sso_start_url, no sso_region. Run `aws configure sso --profile dev`, or mend the profile in "
                + "the config file."
        )
    }

    @Test("a token that is missing, unreadable, invalid or has expired is said with the command that helps")
    func tokens() async throws {
        let path = "\(login.home.path)/.aws/sso/cache/\(SSOLogin.file)"
        login.cache.write(SSOLogin.file, #"{"accessToken": "hush", "expiresAt": "2020-01-01T00:00:00UTC"}"#)
        let expired = try await login.failure(login.source())
        #expect(
            expired.description
                == "Configuration SSO of profile dev failed: ExpiredSSOToken: the login expired at 2020-01-01T00:00:00.000Z. "
                + SSOLogin.hint
        )
        #expect(expired.kind == .expiredCredentials)
        login.cache.write(SSOLogin.file, #"{"accessToken": "hush"#)
        let halfWritten = try await login.failure(login.source())
        #expect(halfWritten.kind == .transient)
        #expect(
            halfWritten.description
                == "Configuration SSO of profile dev failed: InvalidSSOToken: \(path) cannot be used: it is not the JSON of a token: "
                + "expected the end of a string, found the end at byte 21. " + SSOLogin.hint
        )
        var limits = DynamoDBClientLimits()
        limits.credentialsResponseBytes = 10
        #expect(
            try await login.failure(login.source(limits: limits)).description
                == "Configuration SSO of profile dev failed: UnreadableSSOToken: the token in \(path) cannot be read: the file is "
                + "larger than 10 bytes. Check the file and its permissions. `aws sso login --profile dev` writes it."
        )
        unlink(path)
        let missing = try await login.failure(login.source())
        #expect(missing.kind == .transient)
        #expect(
            missing.description
                == "Configuration SSO of profile dev failed: MissingSSOToken: there is no token of a login in \(path). "
                + SSOLogin.hint
        )
        let homeless = try await login.failure(login.source(environment: [:]))
        #expect(homeless.kind == .accessDenied)
        #expect(
            homeless.description
                == "Configuration SSO of profile dev failed: MissingSSOToken: HOME is not set, and the token of `aws sso login` is "
                + "below it. Set HOME to the home directory of the user who ran `aws sso login`."
        )
    }

    @Test("no dump shows what it holds")
    func secrecy() {
        var text = ""
        dump(login.source(environment: ["TOKEN": "hush"]), to: &text)
        #expect(!text.contains("hush"))
    }
}
