import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct WebIdentityCredentialsTests {
    private let directory = TemporaryDirectory()

    private func source(_ url: String, _ variables: [String: String] = [:]) -> WebIdentityCredentials {
        let environment = ["AWS_ROLE_ARN": exampleRole, "AWS_WEB_IDENTITY_TOKEN_FILE": "\(directory.path)/token"]
        return WebIdentityCredentials(
            makeContext(directory, url: url, environment: environment.merging(variables) { _, new in new })
        )
    }

    private func failure(_ url: String, _ variables: [String: String] = [:]) async throws -> DynamoDBError {
        let source = source(url, variables)
        return try #require(await #expect(throws: DynamoDBError.self) { try await source.load() })
    }

    @Test("one unsigned POST with the token; the keys and their end come from the response")
    func exchange() async throws {
        directory.write("token", "eyJ.a-b_c.d~e\n")
        let server = Script(roleKeys("AssumeRoleWithWebIdentity")).server()
        defer { server.stop() }
        let loaded = try await source(server.url, ["AWS_ROLE_SESSION_NAME": "blue one"]).load()
        #expect(
            loaded
                == LoadedCredentials(
                    roleCredentials(),
                    expiresAt: 1_796_000_400_000,
                    source: "web identity of role arn:aws:iam::111122223333:role/reader"
                )
        )
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.requestLine == "POST / HTTP/1.1")
        #expect(
            request.text
                == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                + "&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader&RoleSessionName=blue%20one"
                + "&WebIdentityToken=eyJ.a-b_c.d~e"
        )
        #expect(request.header("content-type") == "application/x-www-form-urlencoded; charset=utf-8")
        #expect(request.header("authorization") == nil)
    }

    @Test("without a session name, one of this process that stays the same")
    func sessionName() async throws {
        directory.write("token", "t")
        let server = Script(roleKeys("AssumeRoleWithWebIdentity")).server()
        defer { server.stop() }
        let source = source(server.url)
        for _ in 0..<2 { _ = try await source.load() }
        let names = server.requests.map { request in
            request.text.split(separator: "&").first { $0.hasPrefix("RoleSessionName=") }.map(String.init) ?? ""
        }
        #expect(names.count == 2)
        #expect(Set(names).count == 1)
        #expect(names[0].wholeMatch(of: /RoleSessionName=tablecast-[0-9]{1,10}/) != nil)
    }

    @Test("the token is read at each load: rewritten, vanished and back")
    func rereads() async throws {
        let path = directory.write("token", "first")
        let server = Script(roleKeys("AssumeRoleWithWebIdentity")).server()
        defer { server.stop() }
        let source = source(server.url)
        _ = try await source.load()
        directory.write("token", "second\n")
        _ = try await source.load()
        unlink(path)
        let error = try #require(await #expect(throws: DynamoDBError.self) { try await source.load() })
        #expect(
            error.description
                == "Configuration web identity token file \(path) failed: UnreadableTokenFile: No such file or directory. "
                + "Check the path and the volume that is mounted there; the file is looked for again."
        )
        #expect(error.kind == .transient)
        directory.write("token", "third")
        _ = try await source.load()
        #expect(
            server.requests.map { String($0.text.split(separator: "=").last ?? "") } == ["first", "second", "third"]
        )
    }

    @Test("a token file that cannot be used is one line, and no call is made")
    func unusableFiles() async throws {
        let path = "\(directory.path)/token"
        directory.write("token", " \n")
        let empty = try await failure("http://127.0.0.1:1")
        #expect(
            empty.description
                == "Configuration web identity token file \(path) failed: UnreadableTokenFile: the file is empty. "
                + "Check what writes it; it is read again at each attempt."
        )
        #expect(empty.kind == .transient)
        directory.write("token", "hush-one hush-two")
        let two = try await failure("http://127.0.0.1:1")
        #expect(
            two.description
                == "Configuration web identity token file \(path) failed: UnreadableTokenFile: the file does not have one token, which "
                + "is a text of printable characters without spaces. Set AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file to the "
                + "file that has the token alone."
        )
        #expect(two.kind == .accessDenied)
        let directory = try await failure("http://127.0.0.1:1", ["AWS_WEB_IDENTITY_TOKEN_FILE": "/tmp"])
        #expect(
            directory.description
                == "Configuration web identity token file /tmp failed: UnreadableTokenFile: it is a directory and not a regular file. "
                + "Set AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file to the file that has the token alone."
        )
        #expect(directory.kind == .accessDenied)
    }

    @Test("a file that the system does not give is looked for again; one that is too large is not")
    func systemTrouble() throws {
        let path = "\(directory.path)/loop"
        try #require(symlink(path, path) == 0)
        defer { unlink(path) }
        let loop = try #require(throws: DynamoDBError.self) { try WebIdentityToken.read(path, limit: 10) }
        #expect(
            loop.description
                == "Configuration web identity token file \(path) failed: UnreadableTokenFile: Too many levels of symbolic links. "
                + "Check the volume; the file is read again at each attempt."
        )
        #expect(loop.kind == .transient)
        let large = directory.write("token", "12345678901")
        let error = try #require(throws: DynamoDBError.self) { try WebIdentityToken.read(large, limit: 10) }
        #expect(error.message == "the file is larger than 10 bytes")
        #expect(error.kind == .accessDenied)
        #expect(try WebIdentityToken.read(large, limit: 11) == "12345678901")
    }

    @Test("a token file without its role is a fault; a role without its file merely is no web identity")
    func halfSet() async throws {
        let error = try await failure("http://127.0.0.1:1", ["AWS_ROLE_ARN": ""])
        #expect(
            error.description
                == "Configuration environment failed: IncompleteCredentials: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is "
                + "not. Set both AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or neither."
        )
        #expect(error.kind == .accessDenied)
        let none = try await failure("http://127.0.0.1:1", ["AWS_WEB_IDENTITY_TOKEN_FILE": ""])
        #expect(
            none.description
                == "Configuration environment failed: CredentialsNotFound: AWS_ROLE_ARN is set, but AWS_WEB_IDENTITY_TOKEN_FILE is not. "
                + "Set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE."
        )
        #expect(none.isCredentialsNotFound)
        let nothing = try await failure("http://127.0.0.1:1", ["AWS_ROLE_ARN": "", "AWS_WEB_IDENTITY_TOKEN_FILE": ""])
        #expect(nothing.isCredentialsNotFound)
        #expect(nothing.message == "there are no credentials")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let code: String
        let message: String
        var status = 400
        let hint: String
        /// Whether a start waits: the token's file is read again.
        var canPass = false
        var testDescription: String { code }
    }

    @Test(
        "a refusal of STS is asked for once, and said with a remedy",
        arguments: [
            Refusal(
                code: "AccessDenied",
                message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
                status: 403,
                hint:
                    "Check that the role exists, and that its trust policy allows sts:AssumeRoleWithWebIdentity to the token's issuer, "
                    + "audience and subject."
            ),
            Refusal(
                code: "ExpiredTokenException",
                message: "Token expired: current date/time 1 must be before the expiration date/time 0",
                hint:
                    "Check what writes FILE (on EKS the kubelet): its token has expired. The file is read again at each attempt.",
                canPass: true
            ),
            Refusal(
                code: "InvalidIdentityToken",
                message: "No OpenIDConnect provider found in your account for https://example.test",
                hint:
                    "Check the token in FILE: its issuer needs an IAM OIDC provider in the account, and its audience must be allowed there."
            ),
            Refusal(
                code: "IDPRejectedClaim",
                message: "The audience is wrong",
                status: 403,
                hint:
                    "Check the token in FILE: its issuer needs an IAM OIDC provider in the account, and its audience must be allowed there."
            ),
            Refusal(
                code: "RegionDisabledException",
                message: "STS is not activated in this region",
                status: 403,
                hint: "Activate STS for the Region in the account's settings (IAM console), or use another Region."
            ),
            Refusal(
                code: "ValidationError",
                message: "1 validation error detected: 'x' &amp; 'y'",
                hint:
                    "Check role_arn, role_session_name, external_id and duration_seconds (AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME)."
            ),
        ]
    )
    func refusals(_ refusal: Refusal) async throws {
        let path = directory.write("token", "hush-token")
        let server = Script(roleFault(refusal.code, refusal.message, status: refusal.status)).server()
        defer { server.stop() }
        let error = try await failure(server.url)
        let message = refusal.message.replacing("&amp;", with: "&")
        let hint = refusal.hint.replacing("FILE", with: path)
        #expect(
            error.description
                == "AssumeRoleWithWebIdentity role \(exampleRole) failed: \(refusal.code): \(message) (request r-9). \(hint)"
        )
        #expect(error.isRetryable == refusal.canPass)
        #expect(server.requests.count == 1)
    }

    @Test("a profile's token file, with its role, its session name and its duration")
    func profile() async throws {
        let path = directory.write("token", "t")
        directory.write(
            "config",
            """
            [profile dev]
            role_arn = \(exampleRole)
            web_identity_token_file = \(path)
            role_session_name = blue
            duration_seconds = 900
            source_profile = ignored
            """
        )
        let server = Script(roleKeys("AssumeRoleWithWebIdentity")).server()
        defer { server.stop() }
        let context = makeContext(directory, url: server.url)
        let loaded = try await ProfileCredentials(profile: "dev", sources: makeProfileSources(context)).load()
        #expect(loaded.source == "web identity of role \(exampleRole) by profile dev")
        #expect(loaded.credentials == roleCredentials())
        #expect(
            server.requests.map(\.text) == [
                "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader"
                    + "&RoleSessionName=blue&DurationSeconds=900&WebIdentityToken=t"
            ]
        )
    }
}
