import Basics
import CurlTransport
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct ContainerCredentialsTests {
    private static let keys = LoadedCredentials(
        Credentials(accessKeyID: "ASIAEXAMPLE", secretAccessKey: "hush-secret", sessionToken: "hush-token"),
        expiresAt: 1_795_996_800_000,
        source: ""
    )

    private func source(
        _ server: ScriptedServer,
        _ more: [String: String] = [:],
        limits: DynamoDBClientLimits = patientLimits,
        time: FakeTime = FakeTime()
    ) -> ContainerCredentials {
        var environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/v1/credentials?a=b"]
        environment.merge(more) { $1 }
        return ContainerCredentials(environment: environment, http: .plain, limits: limits, time: time.source)
    }

    @Test("asks the full URI once, and takes the keys and their end")
    func fullURI() async throws {
        let server = Script(.answer(body: containerKeys)).server()
        defer { server.stop() }
        let loaded = try await source(server).load()
        #expect(loaded.credentials == Self.keys.credentials)
        #expect(loaded.expiresAt == Self.keys.expiresAt)
        #expect(loaded.source == "container at 127.0.0.1:\(server.port)")
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.requestLine == "GET /v1/credentials?a=b HTTP/1.1")
        #expect(request.headers.map(\.name).sorted() == ["accept", "host", "user-agent"])
        #expect(request.header("accept") == "application/json")
        #expect(request.body.isEmpty)
    }

    @Test("asks the relative URI at the platform's server")
    func relativeURI() async throws {
        let server = Script(.answer(body: containerKeys)).server()
        defer { server.stop() }
        let source = ContainerCredentials(
            environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0f?x=1"],
            http: .plain,
            limits: patientLimits,
            server: server.url
        )
        #expect(try await source.load().credentials == Self.keys.credentials)
        #expect(server.requests.map(\.requestLine) == ["GET /v2/credentials/0f?x=1 HTTP/1.1"])
    }

    @Test("without the variables it is not set up")
    func nothing() async {
        let error = await failure(
            ContainerCredentials(environment: ["HOME": "/"], http: .plain, limits: patientLimits)
        )
        #expect(error?.isCredentialsNotFound == true)
    }

    @Test("the token's file wins over the variable, and is read again at each load")
    func tokenFile() async throws {
        let server = Script(.answer(body: containerKeys)).server()
        defer { server.stop() }
        let directory = TemporaryDirectory()
        let path = directory.write("token", "first")
        let source = source(
            server,
            ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "variable"]
        )
        _ = try await source.load()
        directory.write("token", "second\n")
        _ = try await source.load()
        #expect(server.requests.map { $0.header("authorization") } == ["first", "second"])
    }

    @Test("the token of the variable is sent as it is")
    func tokenVariable() async throws {
        let server = Script(.answer(body: containerKeys)).server()
        defer { server.stop() }
        _ = try await source(server, ["AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer abc"]).load()
        #expect(server.requests.map { $0.header("authorization") } == ["Bearer abc"])
    }

    @Test("a token file that vanished may come back, and its error says which file")
    func vanishedTokenFile() async throws {
        let server = Script(.answer(body: containerKeys)).server()
        defer { server.stop() }
        let directory = TemporaryDirectory()
        let path = directory.write("token", "first")
        let source = source(server, ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": path])
        _ = try await source.load()
        unlink(path)
        let missing = await failure(source)
        #expect(
            missing?.description
                == "Configuration AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE \(path) failed: UnreadableTokenFile: No such file or directory. "
                + "Check the file, its permissions and the volume that holds it; it is read again at each attempt."
        )
        #expect(missing?.kind == .transient)
        directory.write("token", "\n")
        let empty = await failure(source)
        #expect(empty?.message == "the file is empty")
        #expect(empty?.kind == .transient)
        directory.write("token", "third")
        _ = try await source.load()
        #expect(server.requests.map { $0.header("authorization") } == ["first", "third"])
    }

    @Test(
        "a token that would end the header early is refused and not shown",
        arguments: ["AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    )
    func invalidToken(variable: String) async {
        let server = Script(.answer(body: containerKeys)).server()
        defer { server.stop() }
        let directory = TemporaryDirectory()
        let text = "hush\r\nX-Evil: 1"
        let isFile = variable.hasSuffix("FILE")
        let path = directory.write("token", text)
        let error = await failure(source(server, [variable: isFile ? path : text]))
        #expect(
            error?.description
                == "Configuration \(isFile ? "\(variable) \(path)" : variable) failed: InvalidToken: the token has a "
                + "line end or another character that no header value has. Write the token as one line."
        )
        #expect(error?.kind == .accessDenied)
        #expect(server.requests.isEmpty)
    }

    @Test("faults that may pass are tried again, with waits")
    func retries() async throws {
        let script = Script(.answer(status: 503, body: ""), .hangUp, .answer(body: containerKeys))
        let server = script.server()
        defer { server.stop() }
        let time = FakeTime()
        #expect(try await source(server, time: time).load().credentials == Self.keys.credentials)
        #expect(server.requests.count == 3)
        #expect(time.waits == [.milliseconds(100), .milliseconds(200)])
    }

    @Test(
        "three failures are enough, and the last one is told",
        arguments: [
            (500, "", ""), (503, #"{"code":"InternalError","message":"try\nlater"}"#, ": InternalError: try later"),
            (429, "slow down", ": slow down"),
        ] as [(Int, String, String)]
    )
    func givesUp(status: Int, body: String, words: String) async {
        let server = Script(.answer(status: status, body: body)).server()
        defer { server.stop() }
        let error = await failure(source(server))
        #expect(
            error?.description
                == "GetContainerCredentials container failed: HTTP \(status): \(server.url) responded with status \(status)\(words). "
                + "Check that the program that AWS_CONTAINER_CREDENTIALS_FULL_URI names is running."
        )
        #expect(error?.kind == (status == 429 ? .throttled : .transient))
        #expect(server.requests.count == 3)
    }

    @Test(
        "a refusal is definite, and a quoted token is not shown",
        arguments: [
            (401, "bad token hush-token", ": bad token …"), (403, "<html>hush-token</html>", ""), (404, "", ""),
            (400, #"{"Message":"no association"}"#, ": no association"), (302, "", ""), (400, #"{"a":"hush-token"#, ""),
        ] as [(Int, String, String)]
    )
    func refusals(status: Int, body: String, words: String) async {
        let server = Script(.answer(status: status, body: body)).server()
        defer { server.stop() }
        let error = await failure(source(server, ["AWS_CONTAINER_AUTHORIZATION_TOKEN": "hush-token"]))
        #expect(
            error?.description
                == "GetContainerCredentials container failed: HTTP \(status): \(server.url) responded with status \(status)\(words). "
                + "Check AWS_CONTAINER_CREDENTIALS_FULL_URI and the authorization token."
        )
        #expect(error?.kind == .accessDenied)
        #expect(server.requests.count == 1)
    }

    @Test(
        "a response that is not credentials is asked for again, and then told without its values",
        arguments: [
            (#"{"AccessKeyId":"AKID"}"#, "it has no SecretAccessKey"),
            (
                #"{"AccessKeyId":"AKID","SecretAccessKey":"hush","Expiration":"soon"}"#,
                "Expiration is not a time such as 2026-11-30T00:00:00Z"
            ),
        ]
    )
    func malformed(body: String, reason: String) async {
        let server = Script(.answer(body: body)).server()
        defer { server.stop() }
        let error = await failure(source(server))
        #expect(
            error?.description
                == "GetContainerCredentials container failed: InvalidCredentials: \(server.url) sent credentials that cannot be used: "
                + "\(reason). Check AWS_CONTAINER_CREDENTIALS_FULL_URI and the authorization token."
        )
        #expect(error?.kind == .malformed)
        #expect(server.requests.count == 3)
    }

    @Test("nobody there: three attempts, and the advice is the platform's")
    func refused() async {
        let error = await withRefusingPort { port in
            await failure(
                ContainerCredentials(
                    environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:\(port)/"],
                    http: .plain,
                    limits: patientLimits,
                    time: FakeTime().source
                )
            )
        }
        #expect(error?.code == "ConnectionRefused")
        #expect(error?.kind == .transient)
        #expect(error?.hint == "Check that the program that AWS_CONTAINER_CREDENTIALS_FULL_URI names is running.")
    }

    @Test("an endpoint that hangs is given up")
    func hangs() async {
        let server = Script(.silence).server()
        defer { server.stop() }
        var limits = DynamoDBClientLimits()
        limits.containerTimeout = .milliseconds(50)
        let error = await failure(source(server, limits: limits))
        #expect(error?.code == "TimedOut")
        #expect(error?.kind == .transient)
        #expect((1...3).contains(server.connectionCount))
    }

    @Test("all attempts with their waits end before those who wait for credentials give up")
    func patience() {
        let limits = DynamoDBClientLimits()
        let waits = (0..<(limits.containerAttempts - 1)).map(limits.endpointRetry.bound(failures:)).reduce(.zero, +)
        #expect(limits.containerTimeout * limits.containerAttempts + waits < limits.credentialsPatience)
        // Of the instance: token, role, keys, and what is repeated.
        let repeats = (0..<limits.instanceMetadataRetries).map(limits.endpointRetry.bound(failures:)).reduce(.zero, +)
        #expect(
            limits.instanceMetadataTimeout * (3 + limits.instanceMetadataRetries) + repeats < limits.credentialsPatience
        )
    }

    @Test("each platform has its advice")
    func hints() throws {
        func hints(_ url: String) throws -> [String] {
            let endpoint = try #require(try ContainerEndpoint(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]))
            return [endpoint.reachabilityHint, endpoint.refusalHint]
        }
        #expect(
            try hints("http://169.254.170.2/") == [
                "Check that the ECS agent runs, and that nothing in the task blocks 169.254.170.2.",
                "Check that the task has a task role, and that its trust policy names ecs-tasks.amazonaws.com.",
            ]
        )
        #expect(
            try hints("http://169.254.170.23/") == [
                "Check that the EKS Pod Identity agent (DaemonSet eks-pod-identity-agent) runs on this node.",
                "Check the Pod Identity association of the service account, and that the role's trust policy names "
                    + "pods.eks.amazonaws.com.",
            ]
        )
    }

    @Test("a proxy that the process uses is not asked for a local endpoint")
    func proxy() async {
        await #expect(processExitsWith: .success) {
            setenv("http_proxy", "http://127.0.0.1:1", 1)
            unsetenv("no_proxy")
            unsetenv("NO_PROXY")
            let server = Script(.answer(body: containerKeys)).server()
            let source = ContainerCredentials(
                environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/"],
                http: .plain,
                limits: patientLimits
            )
            #expect(await failure(source) == nil)
            // The variable works: an endpoint that is not local is sought behind the proxy.
            let proxied = TransferRequest(url: server.url)
            await #expect(throws: TransportFailure.self) {
                try await CredentialsHTTP.plain.send(proxied, timeout: .seconds(30))
            }
        }
    }
}
