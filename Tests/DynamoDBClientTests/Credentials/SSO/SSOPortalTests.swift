import TestTools
import Testing

@testable import DynamoDBClient

/// What the portal of IAM Identity Center refuses, and what the network does to it, in an operator's words.
@Suite struct SSOPortalTests {
    private let login: SSOLogin

    init() throws { login = try SSOLogin() }

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
            kind: .expiredCredentials,
            text: "UnauthorizedException: URL rejects the token: Session token not found or invalid. " + SSOLogin.hint
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
        let error = try await login.failure(login.source(server.url))
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
            let error = try await login.failure(login.source("http://127.0.0.1:\(port)"))
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
        let error = try await login.failure(login.source(server.url, limits: limits))
        #expect(error.code == "TimedOut")
        #expect(error.kind == .transient)
    }
}
