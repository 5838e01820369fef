import Testing

@testable import DynamoDBClient

@Suite struct ContainerEndpointTests {
    private func full(_ text: String) throws -> ContainerEndpoint? {
        try ContainerEndpoint(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": text])
    }

    private func fault(_ environment: [String: String]) -> String? {
        do throws(DynamoDBError) {
            _ = try ContainerEndpoint(environment: environment)
            return nil
        } catch { return error.description }
    }

    @Test("the relative URI wins, and keeps its path and query")
    func relative() throws {
        let endpoint = try ContainerEndpoint(environment: [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0f?id=1&x=a%20b",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/other",
        ])
        #expect(endpoint?.url.text == "http://169.254.170.2/v2/credentials/0f?id=1&x=a%20b")
        #expect(endpoint?.platform == .ecs)
        #expect(endpoint?.isLocal == true)
    }

    @Test("without the variables, and with empty ones, there is no endpoint")
    func nothing() throws {
        #expect(try ContainerEndpoint(environment: [:]) == nil)
        #expect(
            try ContainerEndpoint(environment: [
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
            ]) == nil
        )
    }

    @Test(
        "http is for this machine and the endpoints of AWS",
        arguments: [
            ("http://169.254.170.23/v1/credentials", ContainerEndpoint.Platform.podIdentity),
            ("http://[fd00:ec2::23]/v1/credentials", .podIdentity),
            ("http://[FD00:EC2:0::23]/v1/credentials", .podIdentity),
            ("http://169.254.170.2:80/x?y", .ecs), ("http://127.0.0.1:8080/keys", .other),
            ("http://127.9.9.9/keys", .other),
            ("http://localhost:1/keys", .other), ("http://LOCALHOST/keys", .other), ("http://[::1]:8080/keys", .other),
            ("HTTP://127.0.0.1/keys", .other),
        ]
    )
    func local(text: String, platform: ContainerEndpoint.Platform) throws {
        let endpoint = try #require(try full(text))
        #expect(endpoint.platform == platform)
        #expect(endpoint.isLocal)
        #expect(endpoint.url.text.hasSuffix(text.drop { $0 != ":" }))
    }

    @Test("https is for every host, and only a local one needs no proxy")
    func https() throws {
        let remote = try #require(try full("https://keys.example.com/a/b?c=d"))
        #expect(remote.url.text == "https://keys.example.com/a/b?c=d")
        #expect(!remote.isLocal)
        #expect(try full("https://127.0.0.1/a")?.isLocal == true)
    }

    @Test("a path may be left out, and a fragment is not sent")
    func paths() throws {
        #expect(try full("http://127.0.0.1")?.url.text == "http://127.0.0.1/")
        #expect(try full("http://127.0.0.1?a=b#c")?.url.text == "http://127.0.0.1/?a=b")
    }

    @Test(
        "http to any other host is refused",
        arguments: [
            ("http://example.com/keys", "example.com"), ("http://169.254.169.254/keys", "169.254.169.254"),
            ("http://127.0.0.1.example.com/keys", "127.0.0.1.example.com"), ("http://2130706433/keys", "2130706433"),
            ("http://0.0.0.0/keys", "0.0.0.0"), ("http://[fd00:ec2::254]/keys", "[fd00:ec2::254]"),
            ("http://localhost.example.com", "localhost.example.com"), ("http://128.0.0.1", "128.0.0.1"),
        ]
    )
    func foreign(text: String, host: String) {
        #expect(
            fault(["AWS_CONTAINER_CREDENTIALS_FULL_URI": text])
                == "Configuration AWS_CONTAINER_CREDENTIALS_FULL_URI failed: InsecureEndpoint: http is allowed only to this machine "
                + "and to the container endpoints of AWS, and \(host) is neither. Use https, or one of localhost, 127.0.0.1, [::1], "
                + "169.254.170.2, 169.254.170.23 and [fd00:ec2::23]."
        )
    }

    @Test(
        "a text that is no URL is refused, and its path, which may be a secret, is not shown",
        arguments: [
            ("/v2/credentials/hush", #""" does not begin with http:// or https://"#),
            ("ftp://127.0.0.1/hush", #""ftp://127.0.0.1" does not begin with http:// or https://"#),
            ("http:///hush", #""http://" has no valid host name"#),
            (
                #"http://127.0.0.1\@example.com/hush"#,
                #""…@example.com" has user information, which does not belong there"#
            ),
            ("http://me:hush@127.0.0.1/", #""…@127.0.0.1" has user information, which does not belong there"#),
            (
                "http://127.0.0.1:99999/hush",
                #""http://127.0.0.1:99999" has a port that is not a number from 1 to 65535"#
            ),
            ("http://127.0.0.1/hush hush", "the path has characters that no URL has"),
            ("http://127.0.0.1/hush\r\nX: y", "the path has characters that no URL has"),
        ]
    )
    func malformed(text: String, message: String) {
        let fault = fault(["AWS_CONTAINER_CREDENTIALS_FULL_URI": text])
        #expect(
            fault == "Configuration AWS_CONTAINER_CREDENTIALS_FULL_URI failed: InvalidEndpointURL: \(message). "
                + "Give a URL such as http://169.254.170.23/v1/credentials."
        )
        #expect(fault?.contains("hush") == false)
    }

    @Test(
        "a relative URI that would change the host is refused",
        arguments: ["@example.com/", "x", ":80/", ".example.com/"]
    )
    func relativeWithoutSlash(text: String) {
        #expect(
            fault(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": text])
                == "Configuration AWS_CONTAINER_CREDENTIALS_RELATIVE_URI failed: InvalidEndpointURL: the value does not begin with a "
                + "slash. Leave the variable to ECS, which sets it for tasks with a task role."
        )
    }
}
