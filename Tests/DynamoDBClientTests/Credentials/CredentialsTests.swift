import Basics
import Glibc
import Testing

@testable import DynamoDBClient

@Suite struct CredentialsTests {
    @Test("secrets appear in no description and no dump")
    func secrecy() {
        let credentials = Credentials(accessKeyID: "AKID", secretAccessKey: "hush-secret", sessionToken: "hush-token")
        var dumped = ""
        dump(credentials, to: &dumped)
        dump([credentials], to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\([credentials] as [Any])", dumped] {
            #expect(text.contains("AKID"))
            #expect(!text.contains("hush"))
        }
        var environment = ""
        dump(
            EnvironmentCredentials(environment: ["AWS_SECRET_ACCESS_KEY": "hush-secret", "OTHER": "x"]),
            to: &environment
        )
        #expect(!environment.contains("hush"))
    }
}

@Suite struct EnvironmentCredentialsTests {
    @Test("takes the three variables, and an empty one counts as not set")
    func variables() async throws {
        let provider = EnvironmentCredentials(environment: [
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
        ])
        #expect(try await provider.load().credentials == Credentials(accessKeyID: "AKID", secretAccessKey: "secret"))
        let none = EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""])
        let error = await #expect(throws: DynamoDBError.self) { try await none.load() }
        #expect(error?.isCredentialsNotFound == true)
    }

    @Test("a key with a line end is refused, and not shown")
    func controlCharacters() async {
        let provider = EnvironmentCredentials(environment: [
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hush-secret\n",
        ])
        let error = await #expect(throws: DynamoDBError.self) { try await provider.load() }
        #expect(
            error?.description
                == "Configuration environment failed: InvalidCredentials: AWS_SECRET_ACCESS_KEY has a space, a line end or another "
                + "character that no key has. Set AWS_SECRET_ACCESS_KEY to the value alone. A Kubernetes secret that was made with "
                + "`echo` ends with a line end: use `printf %s`."
        )
        #expect(error?.description.contains("hush") == false)
        #expect(error?.isCredentialsNotFound == false)
    }
}

@Suite struct ProfileCredentialsTests {
    @Test("a file that hangs holds up those who wait for the keys, and no thread that tasks share")
    func hangingFile() async throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/credentials"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let provider = RefreshingCredentials(
            provider(directory, "default"),
            clock: AWSClock(time: .system, maximumAge: .seconds(300)),
            limits: DynamoDBClientLimits(),
            time: .system,
            observer: nil
        )
        let count = 4 * sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let waiting = (0..<count).map { _ in
            Task { () throws in try await provider.credentials().accessKeyID }
        }
        // Nobody writes to it, so that its reader waits in `open`.
        for _ in 0..<20 { await Task.detached { await Task.yield() }.value }
        let text = Array("[default]\naws_access_key_id = AKID\naws_secret_access_key = secret\n".utf8)
        let descriptor = open(path, O_WRONLY)
        #expect(write(descriptor, text, text.count) == text.count)
        close(descriptor)
        for task in waiting { #expect(try await task.value == "AKID") }
    }

    private func provider(_ directory: TemporaryDirectory, _ profile: String) -> ProfileCredentials {
        ProfileCredentials(profile: profile, sources: makeProfileSources(makeContext(directory)))
    }

    @Test("reads a profile's keys, each time from the file")
    func rereads() async throws {
        let directory = TemporaryDirectory()
        directory.write(
            "credentials",
            "[dev]\naws_access_key_id=A\naws_secret_access_key=B\naws_session_token=C\n"
        )
        let provider = provider(directory, "dev")
        #expect(
            try await provider.load().credentials
                == Credentials(accessKeyID: "A", secretAccessKey: "B", sessionToken: "C")
        )
        directory.write("credentials", "[dev]\naws_access_key_id=D\naws_secret_access_key=E\n")
        #expect(
            try await provider.load()
                == LoadedCredentials(
                    Credentials(accessKeyID: "D", secretAccessKey: "E"),
                    source: "profile dev"
                )
        )
    }

    @Test("keys in the config file do too")
    func configFile() async throws {
        let directory = TemporaryDirectory()
        directory.write("config", "[profile dev]\naws_access_key_id=A\naws_secret_access_key=B\n")
        #expect(try await provider(directory, "dev").load().credentials.accessKeyID == "A")
    }

    @Test("a profile without keys, or that is not there, has merely nothing to offer")
    func nothing() async throws {
        let directory = TemporaryDirectory()
        directory.write("config", "[profile dev]\nregion=x\n")
        for name in ["dev", "other"] {
            let provider = provider(directory, name)
            let error = await #expect(throws: DynamoDBError.self) { try await provider.load() }
            #expect(error?.isCredentialsNotFound == true)
        }
    }
}

@Suite struct CredentialsChainTests {
    @Test("asks in order, passes over who has nothing, and stops at a fault")
    func order() async throws {
        let nothing = EnvironmentCredentials(environment: [:])
        let faulty = EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": "only"])
        let good = EnvironmentCredentials(environment: [
            "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
        ])
        #expect(try await CredentialsChain([nothing, good, faulty]).load().credentials.accessKeyID == "AKID")
        let fault = await #expect(throws: DynamoDBError.self) {
            try await CredentialsChain([nothing, faulty, good]).load()
        }
        #expect(fault?.code == "IncompleteCredentials")
        let none = await #expect(throws: DynamoDBError.self) { try await CredentialsChain([nothing]).load() }
        #expect(none?.isCredentialsNotFound == true)
    }

    @Test("of sources without keys, what one says beyond that is repeated, with its advice")
    func remarks() async throws {
        let context = makeContext(TemporaryDirectory(), environment: ["AWS_ROLE_ARN": exampleRole])
        let sources: [any CredentialsSource] = [
            EnvironmentCredentials(environment: context.environment), WebIdentityCredentials(context),
        ]
        let error = await #expect(throws: DynamoDBError.self) { try await CredentialsChain(sources).load() }
        #expect(
            error?.description
                == "Configuration credentials failed: CredentialsNotFound: no AWS credentials in the environment, by web identity, in "
                + "the shared files, from a container or from the instance; AWS_ROLE_ARN is set, but AWS_WEB_IDENTITY_TOKEN_FILE is "
                + "not. Set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE. On AWS, give the task, pod or instance a role. Elsewhere "
                + "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values do for a local endpoint), or AWS_PROFILE to a "
                + "profile that has keys."
        )
        #expect(error?.isCredentialsNotFound == true)
    }

    @Test("a profile that an option names keeps the variables out")
    func chosenProfile() async throws {
        let directory = TemporaryDirectory()
        directory.write("credentials", "[dev]\naws_access_key_id=AKFILE\naws_secret_access_key=B\n")
        let variables = [
            "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "B", "AWS_ROLE_ARN": exampleRole,
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token",
        ]
        for (isChosen, key) in [(true, "AKFILE"), (false, "AKENV")] {
            let context = makeContext(directory, environment: variables, isProfileChosen: isChosen)
            #expect(try await context.sources().load().credentials.accessKeyID == key)
        }
    }
}
