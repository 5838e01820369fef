import Testing

@testable import DynamoDBClient

@Suite struct SharedFilesTests {
    @Test("the shared files are found below HOME, and ~/ in a variable means HOME")
    func paths() {
        let files = SharedFiles(
            environment: ["HOME": "/srv/a", "AWS_SHARED_CREDENTIALS_FILE": "~/keys"],
            byteLimit: 10
        )
        #expect(files.configPath == "/srv/a/.aws/config")
        #expect(files.credentialsPath == "/srv/a/keys")
        #expect(SharedFiles(environment: [:], byteLimit: 10).configPath == nil)
    }

    @Test(
        "variables in a path are replaced, those that are not set stay",
        arguments: [
            ("~", "/srv/a"), ("~/x", "/srv/a/x"), ("~other/x", "~other/x"), ("/a/~/x", "/a/~/x"),
            ("$HOME/x", "/srv/a/x"), ("${HOME}x", "/srv/ax"), ("/etc/$NAME.d/${NAME}", "/etc/one.d/one"),
            ("$TILDE/x", "/srv/a/x"), ("$UNKNOWN/${UNKNOWN}/x", "$UNKNOWN/${UNKNOWN}/x"),
            ("a$", "a$"), ("$/a", "$/a"), ("${HOME", "${HOME"), ("", ""),
        ]
    )
    func expansion(path: String, expanded: String) {
        #expect(HomePath.expand(path, ["HOME": "/srv/a", "NAME": "one", "TILDE": "~"]) == expanded)
    }

    @Test("a services section has the properties of its blocks, and only those count as an endpoint of a service")
    func services() throws {
        let text = """
            [profile dev]
            services = local
            endpoint_url = http://general
            [services local]
            dynamodb =
              endpoint_url = http://localhost:8000
              Other = x
            sts = none
            """
        let profiles = SharedProfiles(config: try INIDocument(Array(text.utf8)), credentials: nil)
        #expect(
            profiles.services("local") == [
                "dynamodb.endpoint_url": "http://localhost:8000", "dynamodb.Other": "x", "sts": "none",
            ]
        )
        #expect(profiles.services("other") == nil)
    }

    @Test("a property that comes twice is an error that names both lines and no text of the file")
    func twice() throws {
        let directory = TemporaryDirectory()
        let path = directory.write(
            "credentials",
            "[default]\naws_secret_access_key = hush\naws_secret_access_key = hush\n"
        )
        let files = SharedFiles(environment: ["AWS_SHARED_CREDENTIALS_FILE": path], byteLimit: 1 << 20)
        let error = #expect(throws: DynamoDBError.self) { try files.load() }
        #expect(
            error?.description
                == "Configuration \(path) failed: InvalidFile: line 3: the property is set twice in its section, the first "
                + "time at line 2. Mend that line; the file is in the format that `aws configure` writes."
        )
    }
}
