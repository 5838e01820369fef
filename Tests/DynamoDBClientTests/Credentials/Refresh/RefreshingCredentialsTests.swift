import Basics
import Synchronization
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct RefreshingCredentialsTests {
    /// A source whose loads end when the test says so.
    private final class ScriptedSource: CredentialsSource {
        private let state = Mutex(
            (loads: 0, waiting: [CheckedContinuation<Result<LoadedCredentials, DynamoDBError>, Never>]())
        )

        var loads: Int { state.withLock { $0.loads } }

        func load() async throws(DynamoDBError) -> LoadedCredentials {
            let outcome = await withCheckedContinuation { continuation in
                state.withLock {
                    $0.loads += 1
                    $0.waiting.append(continuation)
                }
            }
            return try outcome.get()
        }

        /// Ends the load that began first, when it has begun.
        func end(_ outcome: Result<LoadedCredentials, DynamoDBError>) async {
            #expect(await comesTrue { self.state.withLock { !$0.waiting.isEmpty } })
            state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }?.resume(returning: outcome)
        }
    }

    /// Both clocks, moved by the test alone.
    private final class ManualClock: Sendable {
        private let now = Mutex<Int64>(0)
        var milliseconds: Int64 { now.withLock { $0 } }
        func advance(_ step: Int64) { now.withLock { $0 += step } }
    }

    private final class Heard: CredentialsObserver {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func loaded(_ status: CredentialsStatus) { lines.withLock { $0.append("loaded \(status.source ?? "-")") } }
        func failed(_ error: DynamoDBError, areKept: Bool) {
            lines.withLock { $0.append("failed \(error.code), \(areKept ? "kept" : "none")") }
        }
    }

    private let source = ScriptedSource()
    private let heard = Heard()
    private let clock = ManualClock()

    private func keys(_ name: String, until end: Int64? = nil) -> LoadedCredentials {
        LoadedCredentials(Credentials(accessKeyID: name, secretAccessKey: "s"), expiresAt: end, source: "a test")
    }

    private let trouble = DynamoDBError(
        kind: .transient,
        operation: "AssumeRole",
        subject: "role r",
        code: "TimedOut",
        message: "no answer",
        hint: ""
    )

    /// A provider whose clock the test moves. Its patience ends when `patience` says so.
    private func provider(patience: Gate? = nil) -> RefreshingCredentials {
        let time = TimeSource(
            continuous: { [clock] in .milliseconds(clock.milliseconds) },
            wallMilliseconds: { [clock] in clock.milliseconds },
            sleep: { _ in
                guard let patience else { return try await Task.sleep(for: .seconds(3_600)) }
                await patience.passSuspended()
                try Task.checkCancellation()
            },
            random: { 0 }
        )
        return RefreshingCredentials(
            source,
            clock: AWSClock(time: time, maximumAge: .seconds(300)),
            limits: DynamoDBClientLimits(),
            time: time,
            observer: heard
        )
    }

    private func advance(_ milliseconds: Int64) { clock.advance(milliseconds) }

    @Test("many who ask at once make one load")
    func singleFlight() async throws {
        let provider = provider()
        let asking = (0..<50).map { _ in Task { try await provider.credentials().accessKeyID } }
        await source.end(.success(keys("A")))
        for task in asking { #expect(try await task.value == "A") }
        #expect(source.loads == 1)
        #expect(heard.all == ["loaded a test"])
    }

    @Test("a renewal holds nobody up, and one that fails keeps the keys")
    func renewal() async throws {
        let provider = provider()
        let first = Task { try await provider.credentials().accessKeyID }
        await source.end(.success(keys("A", until: 3_600_000)))
        #expect(try await first.value == "A")
        advance(45 * 60_000)
        for _ in 0..<5 { #expect(try await provider.credentials().accessKeyID == "A") }
        await source.end(.failure(trouble))
        #expect(await comesTrue { provider.status.failures == 1 })
        #expect(try await provider.credentials().accessKeyID == "A")
        #expect(source.loads == 2)
        advance(2_000)
        #expect(try await provider.credentials().accessKeyID == "A")
        await source.end(.success(keys("B", until: 7_200_000)))
        #expect(await comesTrue { provider.status.trouble == nil })
        #expect(try await provider.credentials().accessKeyID == "B")
        #expect(heard.all == ["loaded a test", "failed TimedOut, kept", "loaded a test"])
    }

    @Test("rejected keys are read again once a second, and others are used at once by all")
    func replacement() async throws {
        let provider = provider()
        let first = Task { try await provider.credentials() }
        await source.end(.success(keys("A")))
        let old = try await first.value
        let asking = (0..<20).map { _ in Task { await provider.replacement(of: old)?.accessKeyID } }
        await source.end(.success(keys("A")))
        for task in asking { #expect(await task.value == nil, "the source has no others") }
        #expect(await provider.replacement(of: old) == nil)
        #expect(source.loads == 2, "not again within a second")
        advance(1_000)
        let again = (0..<20).map { _ in Task { await provider.replacement(of: old)?.accessKeyID } }
        await source.end(.success(keys("B")))
        for task in again { #expect(await task.value == "B") }
        #expect(await provider.replacement(of: old)?.accessKeyID == "B", "those who come late get them too")
        #expect(source.loads == 3)
    }

    @Test("a source that cannot be read when the keys were rejected keeps them")
    func unreadable() async throws {
        let provider = provider()
        let first = Task { try await provider.credentials() }
        await source.end(.success(keys("A")))
        let old = try await first.value
        let asking = Task { await provider.replacement(of: old) }
        await source.end(.failure(trouble))
        #expect(await asking.value == nil)
        #expect(try await provider.credentials() == old)
        #expect(provider.status.trouble == trouble.description)
    }

    @Test("a source that hangs is left alone, with a line, and used when it comes back")
    func hanging() async throws {
        let patience = Gate()
        patience.close()
        let provider = provider(patience: patience)
        let asking = Task { try await provider.credentials() }
        #expect(await comesTrue { source.loads == 1 })
        patience.open()
        let error = await #expect(throws: DynamoDBError.self) { try await asking.value }
        #expect(
            error?.description
                == "Configuration credentials failed: CredentialsTimedOut: the source of the credentials has not responded for 10 s. "
                + "Check the volume of the credentials file, the credential_process and the metadata service."
        )
        #expect(error?.isRetryable == true)
        advance(60_000)
        await #expect(throws: DynamoDBError.self) { try await provider.credentials() }
        #expect(source.loads == 1, "one load at a time")
        await source.end(.success(keys("A")))
        #expect(await comesTrue { provider.status.trouble == nil })
        #expect(try await provider.credentials().accessKeyID == "A")
        #expect(heard.all == ["failed CredentialsTimedOut, none", "loaded a test"])
    }

    @Test("keys that seem to have ended are used where no others can be loaded: AWS says whether they hold")
    func ended() async throws {
        let provider = provider()
        let first = Task { try await provider.credentials() }
        await source.end(.success(keys("A", until: 3_600_000)))
        let old = try await first.value
        advance(7_200_000)
        let asking = Task { try await provider.credentials() }
        await source.end(.failure(trouble))
        #expect(try await asking.value == old)
        #expect(try await provider.credentials() == old, "without another attempt at once")
        #expect(source.loads == 2)
        #expect(heard.all == ["loaded a test", "failed TimedOut, none"])
    }

    @Test("a reload that is asked for during a load is made after it")
    func reloadDuringLoad() async throws {
        let provider = provider()
        let first = Task { try await provider.credentials() }
        #expect(await comesTrue { source.loads == 1 })
        provider.reload()
        await source.end(.success(keys("A")))
        _ = try await first.value
        await source.end(.success(keys("B")))
        #expect(await comesTrue { heard.all.count == 2 })
        #expect(try await provider.credentials().accessKeyID == "B")
        #expect(source.loads == 2)
    }

    @Test("a task that is cancelled stops waiting, and the load goes on for the others")
    func cancelled() async throws {
        let provider = provider()
        let other = Task { try await provider.credentials().accessKeyID }
        let asking = Task { try await provider.credentials() }
        #expect(await comesTrue { source.loads == 1 })
        asking.cancel()
        let error = await #expect(throws: DynamoDBError.self) { try await asking.value }
        #expect(error?.kind == .cancelled)
        await source.end(.success(keys("A")))
        #expect(try await other.value == "A")
    }
}
