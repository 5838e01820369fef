import Basics
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct SecurityTokenServiceTests {
    private let directory = TemporaryDirectory()
    private let signer = Credentials(
        accessKeyID: "AKID",
        secretAccessKey: "hush-secret-key",
        sessionToken: "hush/session+token=="
    )

    private func assume(
        _ url: String,
        limits: DynamoDBClientLimits = DynamoDBClientLimits(),
        time: FakeTime = FakeTime()
    ) async throws -> SecurityTokenService.RoleKeys {
        let context = makeContext(directory, url: url, limits: limits, time: time)
        return try await SecurityTokenService(context)
            .perform(SecurityTokenRequest(RoleSession(arn: exampleRole, name: "s"), signer: signer))
    }

    private func failure(
        _ url: String,
        limits: DynamoDBClientLimits = DynamoDBClientLimits(),
        time: FakeTime = FakeTime()
    ) async throws -> DynamoDBError {
        try #require(await #expect(throws: DynamoDBError.self) { try await assume(url, limits: limits, time: time) })
    }

    @Test("AssumeRole is signed for sts and the Region, with all of the role's parameters")
    func signedRequest() async throws {
        let server = Script(roleKeys()).server()
        defer { server.stop() }
        let context = makeContext(directory, url: server.url)
        let session = RoleSession(arn: exampleRole, name: "blue", externalID: "a/b c", seconds: 3_600)
        let keys = try await SecurityTokenService(context).perform(SecurityTokenRequest(session, signer: signer))
        #expect(keys.credentials == roleCredentials())
        #expect(keys.expiresAt == 1_796_000_400_000)
        let request = try #require(server.requests.first)
        #expect(
            request.text
                == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader"
                + "&RoleSessionName=blue&ExternalId=a%2Fb%20c&DurationSeconds=3600"
        )
        #expect(request.header("x-amz-security-token") == "hush/session+token==")
        #expect(request.header("x-amz-date") == "19700101T000000Z")
        // The signature itself is held against AWS's vectors and boto3 by the tests of signing.
        let authorization = try #require(request.header("authorization"))
        #expect(
            authorization.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKID/19700101/eu-central-1/sts/aws4_request, "
                    + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="
            )
        )
    }

    @Test(
        "what may pass is retried with growing waits: 5xx, throttling, an unreachable issuer, a broken connection, an odd body"
    )
    func retries() async throws {
        let passing: [ScriptedServer.Reply] = [
            .answer(status: 503, body: "<html>busy</html>"),
            roleFault("Throttling", "Rate exceeded"),
            roleFault("IDPCommunicationError", "no reply"),
            roleFault("InternalFailure", "", status: 500),
            .hangUp,
            .answer(body: "<html><p>Sign in</html>"),
            roleKeys(expiration: "soon"),
        ]
        for reply in passing {
            let server = Script(reply, roleKeys()).server()
            defer { server.stop() }
            let time = FakeTime()
            #expect(try await assume(server.url, time: time).credentials == roleCredentials(), "\(reply)")
            #expect(server.requests.count == 2)
            #expect(time.waits.count == 1)
        }
    }

    @Test("four attempts in all, then the last failure")
    func givesUp() async throws {
        let server = Script(roleFault("ServiceUnavailable", "Try later", status: 503)).server()
        defer { server.stop() }
        let time = FakeTime()
        let error = try await failure(server.url, time: time)
        #expect(
            error.description
                == "AssumeRole role \(exampleRole) failed: ServiceUnavailable: Try later (request r-9). "
                + "If it persists, look at the AWS Health Dashboard and at \(server.url)."
        )
        #expect(error.kind == .transient)
        #expect(server.requests.count == 4)
        #expect(time.waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
    }

    @Test("no attempt begins after the patience, and each has the rest of it at most")
    func patience() async throws {
        var limits = DynamoDBClientLimits()
        #expect(limits.securityToken.maximumElapsed < limits.credentialsPatience)
        limits.securityToken.attemptTimeout = .milliseconds(200)
        let server = Script(.silence).server()
        defer { server.stop() }
        let error = try await failure(server.url, limits: limits)
        #expect(error.kind == .transient)
        #expect(error.code == "TimedOut")
        #expect(server.requests.count == 4)
        limits.securityToken.maximumElapsed = .milliseconds(250)
        let late = try await failure(server.url, limits: limits, time: FakeTime(random: 0.9))
        #expect(late.code == "TimedOut")
        // One attempt and its retry after 180 ms; a third would begin too late.
        #expect(server.requests.count == 6)
    }

    @Test("a signature that is too old is made once more, by the time of the response")
    func skew() async throws {
        let skewed = roleFault(
            "SignatureDoesNotMatch",
            "Signature expired: 19700101T000000Z is now earlier than 20261130T000000Z",
            status: 403,
            headers: ["Date: Mon, 30 Nov 2026 00:15:00 GMT"]
        )
        let server = Script(skewed, roleKeys()).server()
        defer { server.stop() }
        #expect(try await assume(server.url).credentials == roleCredentials())
        #expect(server.requests.map { $0.header("x-amz-date")?.prefix(11) } == ["19700101T00", "20261130T00"])

        let stubborn = Script(skewed).server()
        defer { stubborn.stop() }
        let error = try await failure(stubborn.url)
        #expect(stubborn.requests.count == 2)
        #expect(
            error.hint
                == "Check this machine's clock: a signature is good for a few minutes, and the time of the response did not help."
        )
    }

    @Test("the time of a good response corrects the clock; that of a stranger's page does not")
    func clock() async throws {
        let date = "Date: Mon, 30 Nov 2026 00:15:00 GMT"
        let page = Script(.answer(status: 403, headers: [date], body: "<html></html>")).server()
        defer { page.stop() }
        let context = makeContext(directory, url: page.url)
        let request = SecurityTokenRequest(RoleSession(arn: exampleRole), signer: signer)
        _ = await #expect(throws: DynamoDBError.self) { try await SecurityTokenService(context).perform(request) }
        #expect(context.clock.skewMilliseconds == nil)
        guard case .answer(_, _, let body) = roleKeys() else { return }
        let server = Script(.answer(headers: [date], body: body)).server()
        defer { server.stop() }
        let good = makeContext(directory, url: server.url)
        _ = try await SecurityTokenService(good).perform(request)
        #expect((good.clock.skewMilliseconds ?? 0) < -1_000_000_000)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let code: String
        let kind: DynamoDBError.Kind
        let hint: String
        var testDescription: String { code }
    }

    @Test(
        "what is refused for good is asked once, and said with a remedy",
        arguments: [
            Refusal(
                code: "AccessDenied",
                kind: .accessDenied,
                hint:
                    "Check that the role exists, that its trust policy names this identity and its external_id, and that the identity "
                    + "may call sts:AssumeRole."
            ),
            Refusal(
                code: "InvalidClientTokenId",
                kind: .accessDenied,
                hint: "Check the keys that assume the role: `aws sts get-caller-identity` with them."
            ),
            Refusal(
                code: "ExpiredToken",
                kind: .expiredCredentials,
                hint: "Renew the keys that assume the role; they are read again at each attempt."
            ),
            Refusal(
                code: "MalformedPolicyDocument",
                kind: .fatal,
                hint:
                    "Check role_arn, role_session_name, external_id and duration_seconds (AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME)."
            ),
        ]
    )
    func refusals(_ refusal: Refusal) async throws {
        let status = refusal.kind == .accessDenied ? 403 : 400
        let server = Script(roleFault(refusal.code, "No.", status: status, headers: ["x-amzn-RequestId: r-7"])).server()
        defer { server.stop() }
        let error = try await failure(server.url)
        #expect(
            error.description
                == "AssumeRole role \(exampleRole) failed: \(refusal.code): No. (request r-7). \(refusal.hint)"
        )
        #expect(error.kind == refusal.kind)
        #expect(server.requests.count == 1)
    }

    @Test("a response without a part of the keys names the part, and no error shows what was sent or received")
    func secrecy() async throws {
        guard case .answer(_, _, let body) = roleKeys() else { return }
        for (whole, cut, words) in [
            ("<SecretAccessKey>secret/1</SecretAccessKey>", "", "the response of URL has no SecretAccessKey"),
            (
                "<SessionToken>", "<SessionToken>hush&#10;",
                "SessionToken in the response of URL has characters that no key has"
            ),
            ("2026-11-30T01:00:00Z", "hush", "Expiration in the response of URL is not a time"),
            ("</Credentials>", "", "URL answered with a body that is not XML"),
        ] {
            let server = Script(.answer(body: body.replacing(whole, with: cut))).server()
            defer { server.stop() }
            let error = try await failure(server.url)
            #expect(
                error.description
                    == "AssumeRole role \(exampleRole) failed: InvalidResponse: \(words.replacing("URL", with: server.url)). "
                    + "Check that \(server.url) is the Security Token Service and not a proxy or another server."
            )
            #expect(error.kind == .malformed)
        }
        let canonical =
            "The Canonical String was x-amz-security-token:hush/session+token== and hush-secret-key, hush%2Fsession%2Btoken%3D%3D."
        let mirror = Script(roleFault("SignatureDoesNotMatch", canonical, status: 403)).server()
        defer { mirror.stop() }
        let error = try await failure(mirror.url)
        #expect(
            error.message
                == "The Canonical String was x-amz-security-token:[hidden] and [hidden], [hidden]. (request r-9)"
        )
        let page = Script(.answer(status: 403, body: "hush/session+token==")).server()
        defer { page.stop() }
        let stranger = try await failure(page.url)
        #expect(
            stranger.description
                == "AssumeRole role \(exampleRole) failed: HTTP 403: \(page.url) answered with status 403 and a body that is not in the "
                + "form of STS. Check that \(page.url) is the Security Token Service and not a proxy or another server."
        )
        var dumped = ""
        dump(SecurityTokenRequest(RoleSession(arn: exampleRole), token: "hush", tokenFile: "/t"), to: &dumped)
        #expect(!dumped.contains("hush"))
    }

    @Test("an endpoint that refuses connections, or sends too much, is named")
    func endpointTrouble() async throws {
        try await withRefusingPort { port in
            let error = try await failure("http://127.0.0.1:\(port)")
            #expect(
                error.description
                    == "AssumeRole role \(exampleRole) failed: ConnectionRefused: http://127.0.0.1:\(port) refuses connections. Check that "
                    + "the endpoint is running and that its port is right: `curl -sv http://127.0.0.1:\(port)`."
            )
            #expect(error.kind == .transient)
        }
        var limits = DynamoDBClientLimits()
        limits.credentialsResponseBytes = 100
        let server = Script(roleKeys()).server()
        defer { server.stop() }
        let error = try await failure(server.url, limits: limits)
        #expect(error.message == "\(server.url) sent more than the 100 bytes allowed")
    }
}
