import Testing

@testable import DynamoDBClient

@Suite struct EndpointTests {
    @Test(
        "takes what an endpoint URL may look like",
        arguments: [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://localhost:8000/", "http://localhost:8000"),
            ("HTTPS://dynamodb.example.com", "https://dynamodb.example.com"),
            ("http://[::1]:4566", "http://[::1]:4566"),
            ("http://ddb_local:1", "http://ddb_local:1"),
        ]
    )
    func valid(text: String, normal: String) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint.description == normal)
        #expect(endpoint.url == normal + "/")
    }

    @Test(
        "refuses what is none, and says why",
        arguments: [
            ("localhost:8000", "does not begin with http:// or https://"),
            ("ftp://host", "does not begin with http:// or https://"),
            ("", "does not begin with http:// or https://"),
            ("http://", "has no valid host name"),
            ("http://:8000", "has no valid host name"),
            ("http://ho$t", "has no valid host name"),
            ("http://[::1", "has no valid host name"),
            ("http://host:0", "has a port that is not a number from 1 to 65535"),
            ("http://host:65536", "has a port that is not a number from 1 to 65535"),
            ("http://host:+80", "has a port that is not a number from 1 to 65535"),
            ("http://host:", "has a port that is not a number from 1 to 65535"),
            ("http://host/path", "has a path; requests are sent to /"),
            ("http://host?x=1", "has a path; requests are sent to /"),
            ("http://host \n", "has characters that no URL has"),
            ("http://hóst", "has characters that no URL has"),
        ]
    )
    func invalid(text: String, cause: String) throws {
        let error = try #require(throws: DynamoDBError.self) { try Endpoint(text, source: "AWS_ENDPOINT_URL") }
        #expect(error.kind == .fatal)
        #expect(
            error.description == "Configuration AWS_ENDPOINT_URL failed: InvalidEndpointURL: \"\(text)\" \(cause). "
                + "Give a URL such as http://127.0.0.1:8000 or https://dynamodb.eu-central-1.amazonaws.com."
        )
    }

    @Test(
        "the example is of the service that the endpoint is for",
        arguments: [
            (RegionalService.sts, "https://sts.eu-central-1.amazonaws.com"),
            (.dynamoDBStreams, "https://streams.dynamodb.eu-central-1.amazonaws.com"),
            (.sso, "https://portal.sso.eu-central-1.amazonaws.com"),
        ]
    )
    func examples(service: RegionalService, example: String) throws {
        let error = try #require(throws: DynamoDBError.self) {
            try Endpoint("x", source: service.endpointVariable, of: service)
        }
        #expect(error.hint == "Give a URL such as http://127.0.0.1:8000 or \(example).")
    }

    @Test("a password in a URL is not repeated in the error")
    func userInformation() throws {
        let error = try #require(throws: DynamoDBError.self) { try Endpoint("http://user:hush@host") }
        #expect(error.message == "\"…@host\" has user information, which does not belong there")
    }
}
