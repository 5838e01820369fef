import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct SecurityTokenFaultTests {
    @Test(
        "a failure that stays says what is tried again and where to look",
        arguments: [
            ("Throttling", DynamoDBError.Kind.throttled, "STS limits the calls of an account; it is asked again."),
            ("IDPCommunicationError", .transient, "Check that AWS can reach the token's issuer; it is asked again."),
        ]
    )
    func lastingTrouble(_ code: String, _ kind: DynamoDBError.Kind, _ hint: String) async throws {
        let server = Script(roleFault(code, "Not now")).server()
        defer { server.stop() }
        let error = try await assumeRoleFailure(server.url)
        #expect(
            error.description == "AssumeRole role \(exampleRole) failed: \(code): Not now (request r-9). \(hint)"
        )
        #expect(error.kind == kind)
        #expect(server.requests.count == 4)
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
        let error = try await assumeRoleFailure(server.url)
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
            let error = try await assumeRoleFailure(server.url)
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
        let error = try await assumeRoleFailure(mirror.url)
        #expect(
            error.message
                == "The Canonical String was x-amz-security-token:[hidden] and [hidden], [hidden]. (request r-9)"
        )
        let page = Script(.answer(status: 403, body: "hush/session+token==")).server()
        defer { page.stop() }
        let stranger = try await assumeRoleFailure(page.url)
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
            let error = try await assumeRoleFailure("http://127.0.0.1:\(port)")
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
        let error = try await assumeRoleFailure(server.url, limits: limits)
        #expect(error.message == "\(server.url) sent more than the 100 bytes allowed")
    }
}
