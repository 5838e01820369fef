import Basics
import Synchronization
import TestTools
import Testing

@testable import DynamoDBClient

/// What an operator's reload does to credentials.
@Suite struct ReloadTests {
    /// Gives what it is told to give.
    private final class Source: CredentialsSource {
        private let state = Mutex<(name: String?, loads: Int)>(("first", 0))
        var loads: Int { state.withLock { $0.loads } }
        func give(_ name: String?) { state.withLock { $0.name = name } }

        func load() async throws(DynamoDBError) -> LoadedCredentials {
            let name = state.withLock { state in
                state.loads += 1
                return state.name
            }
            guard let name else {
                throw .configuration(subject: "credentials", code: "Unreadable", message: "no", hint: "", kind: .fatal)
            }
            return LoadedCredentials(Credentials(accessKeyID: name, secretAccessKey: "b"), source: "test")
        }
    }

    private func provider(_ source: Source) -> RefreshingCredentials {
        RefreshingCredentials(
            source,
            clock: AWSClock(time: .system, maximumAge: .seconds(300)),
            limits: DynamoDBClientLimits(),
            time: .system,
            observer: nil
        )
    }

    @Test("keys without an end are loaded again when it is asked for, and not otherwise")
    func reload() async throws {
        let source = Source()
        let provider = provider(source)
        #expect(try await provider.credentials().accessKeyID == "first")
        source.give("second")
        #expect(try await provider.credentials().accessKeyID == "first")
        #expect(source.loads == 1)
        provider.reload()
        #expect(await comesTrue { provider.status.loads == 2 })
        #expect(try await provider.credentials().accessKeyID == "second")
        #expect(source.loads == 2)
    }

    @Test("keys in use are kept when the reload fails, and it is tried again until it succeeds")
    func failing() async throws {
        let source = Source()
        let provider = provider(source)
        _ = try await provider.credentials()
        source.give(nil)
        provider.reload()
        #expect(await comesTrue { provider.status.failures == 1 })
        #expect(try await provider.credentials().accessKeyID == "first")
        #expect(provider.status.trouble != nil)
        source.give("second")
        provider.reload()
        #expect(await comesTrue { provider.status.trouble == nil })
        #expect(try await provider.credentials().accessKeyID == "second")
    }

    @Test("a provider of fixed keys has nothing to reload")
    func fixed() async throws {
        let provider: any CredentialsProvider = StaticCredentials(Credentials(accessKeyID: "a", secretAccessKey: "b"))
        provider.reload()
        #expect(try await provider.credentials().accessKeyID == "a")
    }
}
