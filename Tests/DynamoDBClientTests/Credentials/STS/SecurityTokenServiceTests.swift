import Basics
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct SecurityTokenServiceTests {
    @Test("AssumeRole is signed for sts and the Region, with all of the role's parameters")
    func signedRequest() async throws {
        let server = Script(roleKeys()).server()
        defer { server.stop() }
        let context = makeContext(TemporaryDirectory(), url: server.url)
        let session = RoleSession(arn: exampleRole, name: "blue", externalID: "a/b c", seconds: 3_600)
        let keys = try await SecurityTokenService(context).perform(SecurityTokenRequest(session, signer: exampleSigner))
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
            #expect(try await assumeRole(server.url, time: time).credentials == roleCredentials(), "\(reply)")
            #expect(server.requests.count == 2)
            #expect(time.waits.count == 1)
        }
    }

    @Test("four attempts in all, then the last failure")
    func givesUp() async throws {
        let server = Script(roleFault("ServiceUnavailable", "Try later", status: 503)).server()
        defer { server.stop() }
        let time = FakeTime()
        let error = try await assumeRoleFailure(server.url, time: time)
        #expect(
            error.description
                == "AssumeRole role \(exampleRole) failed: ServiceUnavailable: Try later (request r-9). "
                + "If it persists, look at the AWS Health Dashboard and at \(server.url)."
        )
        #expect(error.kind == .transient)
        #expect(server.requests.count == 4)
        #expect(time.waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
    }

    @Test("a task that is cancelled while it waits makes no further attempt")
    func cancelled() async throws {
        let server = Script(.answer(status: 503, body: "")).server()
        defer { server.stop() }
        let service = try SecurityTokenService(makeContext(TemporaryDirectory(), url: server.url))
        let request = SecurityTokenRequest(RoleSession(arn: exampleRole), signer: exampleSigner)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await service.perform(request)
        }
        let error = await #expect(throws: DynamoDBError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(server.requests.count <= 1)
    }

    @Test("no attempt begins after the patience, and each has the rest of it at most")
    func patience() async throws {
        var limits = DynamoDBClientLimits()
        #expect(limits.securityToken.maximumElapsed < limits.credentialsPatience)
        limits.securityToken.attemptTimeout = .milliseconds(200)
        let server = Script(.silence).server()
        defer { server.stop() }
        let error = try await assumeRoleFailure(server.url, limits: limits)
        #expect(error.kind == .transient)
        #expect(error.code == "TimedOut")
        #expect(server.requests.count == 4)
        limits.securityToken.maximumElapsed = .milliseconds(250)
        let late = try await assumeRoleFailure(server.url, limits: limits, time: FakeTime(random: 0.9))
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
        #expect(try await assumeRole(server.url).credentials == roleCredentials())
        #expect(server.requests.map { $0.header("x-amz-date")?.prefix(11) } == ["19700101T00", "20261130T00"])

        let stubborn = Script(skewed).server()
        defer { stubborn.stop() }
        let error = try await assumeRoleFailure(stubborn.url)
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
        let context = makeContext(TemporaryDirectory(), url: page.url)
        let request = SecurityTokenRequest(RoleSession(arn: exampleRole), signer: exampleSigner)
        _ = await #expect(throws: DynamoDBError.self) { try await SecurityTokenService(context).perform(request) }
        #expect(context.clock.skewMilliseconds == nil)
        guard case .answer(_, _, let body) = roleKeys() else { return }
        let server = Script(.answer(headers: [date], body: body)).server()
        defer { server.stop() }
        let good = makeContext(TemporaryDirectory(), url: server.url)
        _ = try await SecurityTokenService(good).perform(request)
        #expect((good.clock.skewMilliseconds ?? 0) < -1_000_000_000)
    }
}
