import Glibc
import Testing

@testable import DynamoDBClient

/// A home directory with the token of a login for the session `corp`, and sources that use it.
struct SSOLogin {
    /// The name of the token's file for the session `corp`.
    static let file = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
    private static let properties = [
        "sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "Read & Write",
    ]
    /// A response with keys.
    static let portalAnswer = #"""
        {"roleCredentials": {"accessKeyId": "AKIDSSO", "secretAccessKey": "hush-secret", "sessionToken": "hush-session",
         "expiration": 1900000000000}}
        """#
    /// The advice where a login has ended.
    static let hint =
        "Run `aws sso login --profile dev` as this user. Tablecast reads the token again, but does not renew it."

    let home = TemporaryDirectory()
    let cache: TemporaryCache

    init() throws {
        cache = try TemporaryCache(home)
        home.write(
            "config",
            "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n"
        )
        cache.write(Self.file, #"{"accessToken": "hush-token", "expiresAt": "2099-01-01T00:00:00Z"}"#)
    }

    /// The source of the profile `dev`, whose portal is at `url`.
    func source(
        _ url: String = "http://127.0.0.1:9",
        _ properties: [String: String] = properties,
        environment: [String: String]? = nil,
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) -> SSOCredentials {
        SSOCredentials(
            profile: "dev",
            properties: properties,
            context: makeProfileContext(
                home,
                environment: environment ?? ["HOME": home.path],
                limits: limits,
                endpoint: { service, region throws(DynamoDBError) in
                    #expect(service == .sso)
                    #expect(region == "eu-west-1")
                    return try Endpoint(url)
                }
            )
        )
    }

    /// The error of a load, after a look for secrets in it.
    func failure(_ source: SSOCredentials) async throws -> DynamoDBError {
        let error = try #require(await #expect(throws: DynamoDBError.self) { try await source.load() })
        #expect(!error.description.contains("hush"))
        #expect(!error.isCredentialsNotFound, "it would end the chain's search in silence")
        return error
    }
}

/// `.aws/sso/cache` below a home directory, with what was written there.
final class TemporaryCache {
    private let home: TemporaryDirectory
    private var names: Set<String> = []

    init(_ home: TemporaryDirectory) throws {
        self.home = home
        for folder in Self.folders { try #require(mkdir("\(home.path)/\(folder)", 0o700) == 0) }
    }

    private static let folders = [".aws", ".aws/sso", ".aws/sso/cache"]

    func write(_ name: String, _ text: String) { names.insert(home.write(".aws/sso/cache/\(name)", text)) }

    deinit {
        for name in names { unlink(name) }
        for folder in Self.folders.reversed() { rmdir("\(home.path)/\(folder)") }
    }
}
