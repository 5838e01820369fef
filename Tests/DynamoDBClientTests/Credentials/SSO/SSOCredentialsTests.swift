import Basics
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct SSOCredentialsTests {
    /// The name of the token's file for the session `corp`.
    private static let file = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
    private static let properties = [
        "sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "Read & Write",
    ]
    private static let good = #"""
        {"roleCredentials": {"accessKeyId": "AKIDSSO", "secretAccessKey": "hush-secret", "sessionToken": "hush-session",
         "expiration": 1900000000000}}
        """#
    private static let login =
        "Run `aws sso login --profile dev` as this user. Tablecast reads the token again, but does not renew it."

    private let home = TemporaryDirectory()
    private let cache: TemporaryCache

    init() throws {
        cache = try TemporaryCache(home)
        home.write(
            "config",
            "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n"
        )
        cache.write(Self.file, #"{"accessToken": "hush-token", "expiresAt": "2099-01-01T00:00:00Z"}"#)
    }

    private func source(
        _ url: String = "http://127.0.0.1:9",
        _ properties: [String: String] = properties,
        environment: [String: String]? = nil,
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) -> SSOCredentials {
        SSOCredentials(
            profile: "dev",
            properties: properties,
            context: makeProfileContext(
                home,
                environment: environment ?? ["HOME": home.path],
                limits: limits,
                endpoint: { service, region throws(DynamoDBError) in
                    #expect(service == .sso)
                    #expect(region == "eu-west-1")
                    return try Endpoint(url)
                }
            )
        )
    }

    private func failure(_ source: SSOCredentials) async throws -> DynamoDBError {
        let error = try #require(await #expect(throws: DynamoDBError.self) { try await source.load() })
        #expect(!error.description.contains("hush"))
        #expect(!error.isCredentialsNotFound, "it would end the chain's search in silence")
        return error
    }

    @Test("exchanges the cached token for the role's keys")
    func keys() async throws {
        let server = Script(.answer(body: Self.good)).server()
        defer { server.stop() }
        #expect(
            try await source(server.url).load()
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
        let server = Script(.answer(body: Self.good)).server()
        defer { server.stop() }
        let source = source(server.url)
        _ = try await source.load()
        cache.write(Self.file, #"{"accessToken": "second", "expiresAt": "2099-01-01T00:00:00Z"}"#)
        _ = try await source.load()
        #expect(server.requests.map { $0.header("x-amz-sso_bearer_token") } == ["hush-token", "second"])
        home.write("config", "[default]\n")
        #expect(
            try await failure(source).message
                == "the profile cannot sign on: the config file has no section [sso-session corp]"
        )
    }

    @Test("a profile in the older form has its token under the start URL")
    func olderForm() async throws {
        let server = Script(.answer(body: Self.good)).server()
        defer { server.stop() }
        cache.write(
            "a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json",
            #"{"accessToken": "older", "expiresAt": "2099-01-01T00:00:00Z"}"#
        )
        let properties = [
            "sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1", "sso_account_id": "1",
            "sso_role_name": "R",
        ]
        _ = try await source(server.url, properties).load()
        #expect(server.requests.map { $0.header("x-amz-sso_bearer_token") } == ["older"])
    }

    @Test("settings that do not do are named with the profile")
    func settings() async throws {
        #expect(
            try await failure(source("", ["sso_account_id": "1"])).description
                == "Configuration SSO of profile dev failed: InvalidSSOProfile: the profile cannot sign on: it has no "
                + "sso_role_name, no sso_start_url, no sso_region. Run `aws configure sso --profile dev`, or mend the profile in "
                + "the config file."
        )
    }

    @Test("a token that is missing, unreadable, invalid or has expired is said with the command that helps")
    func tokens() async throws {
        let path = "\(home.path)/.aws/sso/cache/\(Self.file)"
        cache.write(Self.file, #"{"accessToken": "hush", "expiresAt": "2020-01-01T00:00:00UTC"}"#)
        let expired = try await failure(source())
        #expect(
            expired.description
                == "Configuration SSO of profile dev failed: ExpiredSSOToken: the login expired at 2020-01-01T00:00:00.000Z. "
                + Self.login
        )
        #expect(expired.kind == .accessDenied)
        cache.write(Self.file, #"{"accessToken": "hush"#)
        #expect(
            try await failure(source()).description
                == "Configuration SSO of profile dev failed: InvalidSSOToken: \(path) cannot be used: it is not the JSON of a token: "
                + "expected the end of a string, found the end at byte 21. " + Self.login
        )
        var limits = DynamoDBClientLimits()
        limits.credentialsResponseBytes = 10
        #expect(
            try await failure(source(limits: limits)).description
                == "Configuration SSO of profile dev failed: UnreadableSSOToken: the token in \(path) cannot be read: the file is "
                + "larger than 10 bytes. Check the file and its permissions. `aws sso login --profile dev` writes it."
        )
        unlink(path)
        #expect(
            try await failure(source()).description
                == "Configuration SSO of profile dev failed: MissingSSOToken: there is no token of a login in \(path). "
                + Self.login
        )
        #expect(
            try await failure(source(environment: [:])).description
                == "Configuration SSO of profile dev failed: MissingSSOToken: HOME is not set, and the token of `aws sso login` is "
                + "below it. Set HOME to the home directory of the user who ran `aws sso login`."
        )
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reply: ScriptedServer.Reply
        let kind: DynamoDBError.Kind
        let text: String
    }

    static let refusals: [Failure] = [
        Failure(
            testDescription: "a token that the portal rejects",
            reply: .answer(
                status: 401,
                body:
                    #"{"message":"Session token not found or invalid","__type":"com.amazonaws.switchboard.portal#UnauthorizedException"}"#
            ),
            kind: .accessDenied,
            text: "UnauthorizedException: URL rejects the token: Session token not found or invalid. " + login
        ),
        Failure(
            testDescription: "a role that is not assigned, with the token in the words",
            reply: .answer(
                status: 403,
                headers: ["x-amzn-ErrorType: ForbiddenException:http://internal.amazon.com/"],
                body: #"{"message":"No access for hush-token"}"#
            ),
            kind: .accessDenied,
            text:
                "ForbiddenException: URL has no keys of role Read & Write in account 111122223333: No access for [hidden]. Check "
                + "sso_account_id and sso_role_name, and that the role is assigned to the user of the login."
        ),
        Failure(
            testDescription: "too many requests",
            reply: .answer(
                status: 429,
                body: #"{"__type":"TooManyRequestsException","message":"HTTP 429 Unknown Code"}"#
            ),
            kind: .throttled,
            text: "TooManyRequestsException: URL has had too many requests: HTTP 429 Unknown Code. It is asked again."
        ),
        Failure(
            testDescription: "a server's fault",
            reply: .answer(status: 503, body: "<html>hush</html>"),
            kind: .transient,
            text: "HTTP 503: URL failed: status 503. It is asked again."
        ),
        Failure(
            testDescription: "no JSON",
            reply: .answer(body: "hush"),
            kind: .malformed,
            text:
                "InvalidAnswer: URL sent an answer that cannot be read: expected an object. It is asked for again; if it persists, "
                + "look at proxies between here and the endpoint."
        ),
        Failure(
            testDescription: "no secret key",
            reply: .answer(body: #"{"roleCredentials": {"accessKeyId": "A", "expiration": 1}}"#),
            kind: .malformed,
            text:
                "InvalidAnswer: URL sent an answer that cannot be read: it has no secretAccessKey. It is asked for again; if it "
                + "persists, look at proxies between here and the endpoint."
        ),
        Failure(
            testDescription: "no end",
            reply: .answer(body: #"{"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "hush"}}"#),
            kind: .malformed,
            text:
                "InvalidAnswer: URL sent an answer that cannot be read: it has no expiration. It is asked for again; if it "
                + "persists, look at proxies between here and the endpoint."
        ),
        Failure(
            testDescription: "a key with a line end",
            reply: .answer(
                body: #"{"roleCredentials": {"accessKeyId": "A\n", "secretAccessKey": "hush", "expiration": 1}}"#
            ),
            kind: .malformed,
            text:
                "InvalidAnswer: URL sent an answer that cannot be read: accessKeyId has a space, a line end or another character "
                + "that no key has. It is asked for again; if it persists, look at proxies between here and the endpoint."
        ),
    ]

    @Test("what the portal says is passed on in words", arguments: refusals)
    func portal(_ example: Failure) async throws {
        let server = Script(example.reply).server()
        defer { server.stop() }
        let error = try await failure(source(server.url))
        #expect(
            error.description
                == "GetRoleCredentials SSO of profile dev failed: "
                + example.text.split(separator: "URL", omittingEmptySubsequences: false).joined(separator: server.url)
        )
        #expect(error.kind == example.kind)
    }

    @Test("a portal that is away or silent may come back")
    func network() async throws {
        try await withRefusingPort { port in
            let error = try await failure(source("http://127.0.0.1:\(port)"))
            #expect(
                error.description
                    == "GetRoleCredentials SSO of profile dev failed: ConnectionRefused: http://127.0.0.1:\(port) refuses "
                    + "connections. Check that the endpoint is running and that its port is right: "
                    + "`curl -sv http://127.0.0.1:\(port)`."
            )
            #expect(error.kind == .transient)
        }
        let server = Script(.silence).server()
        defer { server.stop() }
        var limits = DynamoDBClientLimits()
        limits.ssoPortalTimeout = .milliseconds(200)
        let error = try await failure(source(server.url, limits: limits))
        #expect(error.code == "TimedOut")
        #expect(error.kind == .transient)
    }

    @Test("no dump shows what it holds")
    func secrecy() {
        var text = ""
        dump(source(environment: ["TOKEN": "hush"]), to: &text)
        #expect(!text.contains("hush"))
    }
}

/// `.aws/sso/cache` below a home directory, with what was written there.
private final class TemporaryCache {
    private let home: TemporaryDirectory
    private var names: Set<String> = []

    init(_ home: TemporaryDirectory) throws {
        self.home = home
        for folder in Self.folders { try #require(mkdir("\(home.path)/\(folder)", 0o700) == 0) }
    }

    private static let folders = [".aws", ".aws/sso", ".aws/sso/cache"]

    func write(_ name: String, _ text: String) { names.insert(home.write(".aws/sso/cache/\(name)", text)) }

    deinit {
        for name in names { unlink(name) }
        for folder in Self.folders.reversed() { rmdir("\(home.path)/\(folder)") }
    }
}
