import DynamoDBClient
import DynamoSandbox
import Glibc
import ReplicaStore
import StateStore
import Synchronization
import Testing

@testable import Replication

/// A saved state is served at once, before anything is known of the table.
@Suite struct SavedStateShownTests {
    /// A harness whose table has been saved, and the position that was.
    private func saved() async throws -> (harness: SavedStateHarness, position: Position) {
        let harness = try SavedStateHarness(items: 20)
        var left: Position?
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
            left = process.position
        }
        return (harness, try #require(left))
    }

    private func takeAway(_ harness: SavedStateHarness) {
        let broken = SandboxFault.error(status: 500, code: "InternalServerError", message: "away")
        harness.sandbox.faults.enqueue(.describeTable, broken, times: 100_000)
    }

    @Test("while AWS is away the state is served as stale with its age; then it is live in the same epoch, not scanned")
    func outage() async throws {
        let (harness, before) = try await saved()
        let contents = harness.contents
        try harness.put("k3", "while away")
        try harness.delete("k4")
        harness.sandbox.clock.advance(by: .seconds(3_600))
        takeAway(harness)
        harness.sandbox.forgetCalls()
        try await harness.run {
            $0.startTimeout = .milliseconds(1)
        } _: { process in
            await process.wait("the state to be loaded") { process.saved.start != SavedStateStatus().start }
            if process.store.snapshot == nil {
                #expect(process.saved.start == "loaded; it is shown only while DynamoDB is away")
            }
            await process.waitShown()
            #expect(process.items == contents)
            #expect(process.position == before)
            await process.wait("the reason") { process.replicator.status.reason.contains("DescribeTable") }
            let status = process.replicator.status
            #expect(status.state == .stale && status.reasonCode == .savedState)
            #expect(status.reason.hasPrefix("serving the saved state as it was; DescribeTable failed: "))
            let (state, lag) = process.replicator.stateAndLag
            #expect(state == .stale && lag ?? 0 >= 3_600_000 && lag ?? 0 < 3_660_000)
            await process.wait("its age to grow") { process.replicator.stateAndLag.lagMilliseconds ?? 0 > lag ?? 0 }
            #expect(process.saved.start == "served as it was saved: the table has not been described yet")
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.items == harness.contents)
            #expect(process.position?.epoch == before.epoch)
            #expect(process.changes(after: before).isSuperset(of: ["k3", "k4"]))
            #expect(process.saved.isResumed && process.rejections.isEmpty)
            #expect(process.replicator.stateAndLag.lagMilliseconds ?? .max < 3_600_000)
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
    }

    @Test("a reader that asks at the very moment at which it is live is not told the age of what was shown before")
    func ageEnds() async throws {
        let (harness, _) = try await saved()
        harness.sandbox.clock.advance(by: .seconds(3_600))
        takeAway(harness)
        try await harness.run { process in
            await process.waitShown()
            let told = Mutex<[Int64?]>([])
            let replicator = process.replicator
            process.observer.listen { event in
                guard case .stateChanged(_, to: .live, _, _) = event else { return }
                told.withLock { $0.append(replicator.status.lagMilliseconds) }
            }
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            await process.wait("the change to be told") { !told.withLock(\.isEmpty) }
            let lags = told.withLock { $0 }
            #expect(lags.allSatisfy { $0.map { $0 < 60_000 } ?? false }, "\(lags)")
        }
    }

    @Test("what is shown stays as it is until everything since has been read: nobody sees what lies between")
    func frozen() async throws {
        let (harness, before) = try await saved()
        let contents = harness.contents
        for round in 0..<5 { try harness.put("k1", "round \(round)") }
        let broken = SandboxFault.error(status: 500, code: "InternalServerError", message: "away")
        harness.sandbox.faults.enqueue(.getRecords, broken, times: 100_000)
        try await harness.run { process in
            await process.wait("the table to be described") { process.saved.isResumed }
            await process.wait("a failing shard") { process.replicator.status.lastError != nil }
            await process.waitShown()
            #expect(process.replicator.status.state == .stale)
            #expect(process.items == contents && process.position == before)
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.items == harness.contents)
        }
    }

    @Test("while AWS is there nothing is shown before everything since has been read")
    func notShown() async throws {
        let (harness, _) = try await saved()
        for round in 0..<5 { try harness.put("k1", "round \(round)") }
        try await harness.run { process in
            await process.wait("contents") { process.store.snapshot != nil }
            #expect(process.items == harness.contents)
            await process.waitLive()
            #expect(process.replicator.status.departures == [:])
        }
    }

    @Test("one shard that is throttled while another one responds is no outage: nothing is shown")
    func throttledShard() async throws {
        let (harness, _) = try await saved()
        let busy = SandboxFault.error(status: 400, code: "ThrottlingException", message: "slow down")
        let shard = try #require(harness.sandbox.shards(of: SavedStateHarness.table).first)
        harness.sandbox.faults.enqueue(.getRecords, busy, times: 100_000, shard: shard.id)
        try await harness.run {
            // Longer than this machine stands still.
            $0.limits.previewPatience = .seconds(5)
        } _: { process in
            await process.wait("the throttle") { process.replicator.status.lastError != nil }
            let began = ContinuousClock.now
            await process.wait("a while") { ContinuousClock.now - began > .seconds(7) }
            #expect(process.store.snapshot == nil && process.replicator.status.state == .syncing)
            #expect(process.saved.start.hasPrefix("resumed from a state of "))
            harness.sandbox.faults.removeAll()
            await process.waitLive()
        }
    }

    @Test(
        "while calls are denied the state is served with the reason, and the start goes on trying",
        arguments: ["AccessDeniedException", "UnrecognizedClientException"]
    )
    func denied(_ code: String) async throws {
        let (harness, before) = try await saved()
        let contents = harness.contents
        let denied = SandboxFault.error(status: 400, code: code, message: "not now")
        harness.sandbox.faults.enqueue(.describeTable, denied, times: 100_000)
        try await harness.run {
            $0.startTimeout = .milliseconds(1)
        } _: { process in
            await process.waitShown()
            #expect(process.items == contents && process.replicator.status.state == .stale)
            await process.wait("the reason") { process.replicator.status.reason.contains(code) }
            let waits = process.observer.events.contains {
                if case .startWaits(.accessDenied, let reason) = $0 { reason.contains("not now") } else { false }
            }
            #expect(waits)
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.saved.isResumed && process.position?.epoch == before.epoch)
        }
    }

    @Test("a stream that is denied after the table was described is waited out too while the state is shown")
    func deniedStream() async throws {
        let (harness, _) = try await saved()
        let denied = SandboxFault.error(status: 400, code: "AccessDeniedException", message: "not now")
        harness.sandbox.faults.enqueue(.getRecords, denied, times: 100_000)
        try await harness.run {
            $0.limits.startLimit = .milliseconds(1)
        } _: { process in
            await process.waitShown()
            await process.wait("the reason") { process.replicator.status.reason.contains("AccessDeniedException") }
            harness.sandbox.faults.removeAll()
            await process.waitLive()
        }
    }

    @Test("where the state must not be shown, a denied call and a silent one end the start as without a state")
    func unusable() async throws {
        let (harness, _) = try await saved()
        harness.sandbox.clock.advance(by: .seconds(30 * 3_600))
        takeAway(harness)
        let failure = try await harness.failure {
            $0.gapPolicy = .rebuildRefusing
            $0.startTimeout = .milliseconds(100)
        }
        #expect(failure?.exitCode == 1 && failure?.hint.contains("--start-timeout") == true)
        harness.sandbox.faults.removeAll()
        let denied = SandboxFault.error(status: 400, code: "AccessDeniedException", message: "not now")
        harness.sandbox.faults.enqueue(.describeTable, denied, times: 100_000)
        #expect(try await harness.failure { $0.gapPolicy = .rebuildRefusing }?.exitCode == 78)
    }

    @Test("a resumed state whose shards are not found is a gap: the table is read, in a new epoch")
    func lostShards() async throws {
        let (harness, before) = try await saved()
        try harness.put("k3", "while away")
        let gone = SandboxFault.error(status: 400, code: "ResourceNotFoundException", message: "no such shard")
        harness.sandbox.faults.enqueue(.getShardIterator, gone, times: 100_000)
        try await harness.run {
            $0.limits.startLimit = .seconds(3)
        } _: { process in
            await process.wait("a rebuild") { process.replicator.status.rebuilds > 0 }
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.items == harness.contents && process.position?.epoch != before.epoch)
            let gaps = process.observer.events.compactMap { if case .gap(let text) = $0 { text } else { nil } }
            #expect(
                gaps.first?.hasPrefix("the saved state has a place in a shard that is gone: GetShardIterator ") == true
            )
        }
    }

    @Test("under the policy exit a gap before the first live ends the start, and the next one reads the table")
    func exitBeforeLive() async throws {
        let (harness, before) = try await saved()
        let gone = SandboxFault.error(status: 400, code: "ResourceNotFoundException", message: "no such shard")
        harness.sandbox.faults.enqueue(.getShardIterator, gone, times: 100_000)
        let failure = try await harness.failure {
            $0.gapPolicy = .exit
            $0.limits.startLimit = .seconds(1)
        }
        #expect(failure?.exitCode == 1 && failure?.hint.hasPrefix("--on-gap=exit ends the process then") == true)
        harness.sandbox.faults.removeAll()
        try await harness.run {
            $0.gapPolicy = .exit
        } _: { process in
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["abandoned"] && process.position?.epoch != before.epoch)
        }
    }

    @Test("a state older than the stream is shown until the table has been read, in a new epoch then")
    func tooOld() async throws {
        let (harness, before) = try await saved()
        let contents = harness.contents
        try harness.put("k3", "while away")
        harness.sandbox.clock.advance(by: .seconds(30 * 3_600))
        let busy = SandboxFault.error(status: 400, code: "ThrottlingException", message: "slow down")
        harness.sandbox.faults.enqueue(.scan, busy, times: 100_000)
        try await harness.run { process in
            await process.wait("a verdict") { process.replicator.status.state == .rebuilding }
            #expect(process.items == contents && process.position == before)
            #expect(process.replicator.status.reasonCode == .savedState)
            #expect(process.replicator.stateAndLag.lagMilliseconds ?? 0 >= 30 * 3_600_000)
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["too-old"])
            #expect(process.items == harness.contents && process.position?.epoch != before.epoch)
        }
    }

    @Test("where reads are refused during a rebuild, a state that is too old is not shown")
    func refusing() async throws {
        let (harness, _) = try await saved()
        harness.sandbox.clock.advance(by: .seconds(30 * 3_600))
        takeAway(harness)
        try await harness.run {
            $0.gapPolicy = .rebuildRefusing
        } _: { process in
            await process.wait("the reason") { process.replicator.status.reason.contains("DescribeTable") }
            #expect(process.replicator.status.state == .starting && process.store.snapshot == nil)
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["too-old"])
        }
    }

    @Test("a state of another stream is taken away as soon as the table is described, and the table is read")
    func otherStream() async throws {
        let (harness, before) = try await saved()
        harness.sandbox.disableStream(of: SavedStateHarness.table)
        harness.sandbox.clock.advance(by: .seconds(2))
        harness.sandbox.enableStream(of: SavedStateHarness.table, .newAndOldImages)
        takeAway(harness)
        let busy = SandboxFault.error(status: 400, code: "ThrottlingException", message: "slow down")
        try await harness.run { process in
            await process.waitShown()
            harness.sandbox.faults.removeAll()
            harness.sandbox.faults.enqueue(.scan, busy, times: 100_000)
            await process.wait("the contents to be withdrawn") { process.store.snapshot == nil }
            await process.wait("the reason") { process.replicator.status.state == .rebuilding }
            #expect(process.replicator.status.isWithheld)
            #expect(process.rejections.map(\.kind) == ["other-stream"])
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(!process.replicator.status.isWithheld && process.position?.epoch != before.epoch)
            #expect(process.items == harness.contents)
        }
    }

    @Test("a state of another account's table is not shown to those who name theirs by its ARN")
    func otherAccount() async throws {
        let (harness, _) = try await saved()
        takeAway(harness)
        let arn = "arn:aws:dynamodb:us-east-1:999999999999:table/\(SavedStateHarness.table)"
        try await harness.run {
            $0.tableName = arn
        } _: { process in
            await process.wait("a verdict") { !process.rejections.isEmpty }
            #expect(process.rejections.map(\.kind) == ["other-stream"])
            await process.wait("the reason") { process.replicator.status.reason.contains("DescribeTable") }
            #expect(process.store.snapshot == nil && process.replicator.status.state == .starting)
        }
    }

    @Test("a state of another Region's table is not shown, although the name is the same")
    func otherRegion() async throws {
        let (harness, _) = try await saved()
        takeAway(harness)
        try await harness.run(region: RegionCell(.named("us-east-1"))) { process in await process.waitShown() }
        try await harness.run(region: RegionCell(.named("eu-west-9"))) { process in
            await process.wait("a verdict") { !process.rejections.isEmpty }
            #expect(process.rejections.map(\.kind) == ["other-stream"])
            await process.wait("the reason") { process.replicator.status.reason.contains("DescribeTable") }
            #expect(process.store.snapshot == nil && process.replicator.status.state == .starting)
        }
    }

    @Test(
        "while the Region is unknown the state is not shown; once it is known, only where it is the state's",
        arguments: ["us-east-1", "eu-west-9"]
    )
    func lateRegion(_ name: String) async throws {
        let (harness, before) = try await saved()
        takeAway(harness)
        let region = RegionCell(.unknown)
        try await harness.run(region: region) { process in
            await process.wait("the state to be loaded") { process.saved.start.hasPrefix("loaded; ") }
            #expect(process.saved.start == "loaded; it is not shown until the Region is known")
            await process.wait("the reason") { process.replicator.status.reason.contains("DescribeTable") }
            // Longer than AWS has to be away for.
            let began = ContinuousClock.now
            await process.wait("a while") { ContinuousClock.now - began > .seconds(4) }
            #expect(process.store.snapshot == nil && process.replicator.status.state == .starting)
            region.region = .named(name)
            if name == "us-east-1" {
                await process.waitShown()
                #expect(process.position == before)
            } else {
                await process.wait("a verdict") { !process.rejections.isEmpty }
                #expect(process.rejections.map(\.kind) == ["other-stream"])
            }
            harness.sandbox.faults.removeAll()
            await process.waitLive()
            #expect(process.saved.isResumed == (name == "us-east-1"))
            #expect(process.items == harness.contents)
        }
    }

    @Test("a call that is denied as soon as the Region is known does not end a start that has a saved state of it")
    func deniedAtOnce() async throws {
        let (harness, _) = try await saved()
        let denied = SandboxFault.error(status: 400, code: "AccessDeniedException", message: "not now")
        harness.sandbox.faults.enqueue(.describeTable, denied, times: 100_000)
        harness.sandbox.forgetCalls()
        let sandbox = harness.sandbox
        let region = RegionCell(.named("us-east-1")) { !sandbox.calls(.describeTable).isEmpty }
        try await harness.run(region: region) {
            // The start does not look at its calls by itself meanwhile.
            $0.limits.watchInterval = .seconds(600)
        } _: { process in
            await process.wait("the refusal to be waited out") {
                process.replicator.status.reason.contains("AccessDeniedException")
            }
            #expect(process.saved.start.hasPrefix("loaded; "))
        }
    }

    @Test("a state that no longer fits into memory is not loaded: the table is read, as far as that fits")
    func tooLarge() async throws {
        let harness = try SavedStateHarness(items: 20)
        for number in 0..<8 { try harness.put("large\(number)", String(repeating: "x", count: 300_000)) }
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
        }
        let memory = FakeMemory(limit: 1 << 30)
        memory.setResident(1_010 << 20, afterRelease: 100 << 20)
        harness.sandbox.forgetCalls()
        try await harness.run(memory: memory.readings) { process in
            await process.wait("a verdict") { !process.rejections.isEmpty }
            #expect(process.rejections.map(\.kind) == ["too-large"])
            #expect(process.saved.start.contains("the state does not fit into memory: after "))
            await process.waitLive()
            #expect(process.items == harness.contents && !process.saved.isResumed)
        }
        #expect(!harness.sandbox.calls(.scan).isEmpty && memory.releases > 0)
    }
}
