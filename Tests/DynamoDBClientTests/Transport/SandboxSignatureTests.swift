import DynamoSandbox
import Synchronization
import TableModel
import Testing

@testable import DynamoDBClient

/// The client against an endpoint that verifies what it signs.
@Suite struct SandboxSignatureTests {
    /// Hands out one key after the other; the next one when the service said that a key has expired.
    private final class RotatingCredentials: CredentialsProvider {
        private let keys: [Credentials]
        private let used = Mutex(0)
        init(_ keys: [Credentials]) { self.keys = keys }
        var rotations: Int { used.withLock { $0 } }
        func credentials() async throws(DynamoDBError) -> Credentials {
            keys[min(used.withLock { $0 }, keys.count - 1)]
        }
        func replacement(of rejected: Credentials) async -> Credentials? {
            used.withLock { $0 += 1 }
            return try? await credentials()
        }
    }

    private func ask(
        _ credentials: any CredentialsProvider,
        of keys: [SandboxKey],
        _ clock: SandboxClock = .system()
    ) async throws -> Result<TableDescription, DynamoDBError> {
        var settings = SandboxSettings()
        settings.keys = keys
        let sandbox = DynamoSandbox(clock: clock, settings: settings)
        let port = try sandbox.start()
        try sandbox.createTable("Bestellungen", KeySchema(partition: KeyAttribute(name: "id", type: .string)))
        let client = try makeClient("http://127.0.0.1:\(port)", credentials: credentials)
        let answer: Result<TableDescription, DynamoDBError>
        do throws(DynamoDBError) { answer = .success(try await client.describeTable("Bestellungen")) } catch {
            answer = .failure(error)
        }
        client.close()
        await sandbox.stop()
        return answer
    }

    @Test("a request that was signed with the right key is accepted", arguments: ["a/token+==", nil])
    func accepted(token: String?) async throws {
        let keys = Credentials(accessKeyID: "AKID", secretAccessKey: "a/secret+key=", sessionToken: token)
        let known = SandboxKey(accessKeyID: "AKID", secretAccessKey: "a/secret+key=", sessionToken: token)
        #expect(try await ask(StaticCredentials(keys), of: [known]).get().status == "ACTIVE")
    }

    @Test("a request that was signed with another secret is refused")
    func refused() async throws {
        let keys = Credentials(accessKeyID: "AKID", secretAccessKey: "another")
        let known = SandboxKey(accessKeyID: "AKID", secretAccessKey: "secret")
        let answer = try await ask(StaticCredentials(keys), of: [known])
        guard case .failure(let error) = answer else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == "InvalidSignatureException")
        #expect(error.kind == .accessDenied)
    }

    @Test("a key that expires between two calls is changed for the next one, which the service verifies as well")
    func rotated() async throws {
        let clock = SandboxClock.manual()
        let old = SandboxKey(accessKeyID: "OLD", secretAccessKey: "1", sessionToken: "t1", expiresAt: clock.now)
        let new = SandboxKey(accessKeyID: "NEW", secretAccessKey: "2", sessionToken: "t2")
        let provider = RotatingCredentials(
            [old, new].map { key in
                Credentials(
                    accessKeyID: key.accessKeyID,
                    secretAccessKey: key.secretAccessKey,
                    sessionToken: key.sessionToken
                )
            }
        )
        #expect(try await ask(provider, of: [old, new], clock).get().name == "Bestellungen")
        #expect(provider.rotations == 1)
    }
}
