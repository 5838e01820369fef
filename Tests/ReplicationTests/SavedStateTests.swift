import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import Glibc
import ReplicaStore
import StateStore
import TableModel
import Testing

@testable import Replication

/// Situation 23 and the failure stories 3 and 15: restarts with a saved state, over the real client and the sandbox.
@Suite struct SavedStateTests {
    @Test(
        "Situation 23 (i): a restart is live without a scan, with the changes of the time in between, in the same epoch"
    )
    func resumes() async throws {
        let harness = try SavedStateHarness()
        var left: Position?
        try await harness.run { process in
            await process.waitLive()
            #expect(process.saved.start == "read from the table: no state had been saved")
            for number in 0..<5 { try harness.put("k\(number)", "streamed") }
            await process.wait("the changes") { process.items == harness.contents }
            left = process.position
        }
        let before = try #require(left)
        try harness.put("k7", "while away")
        try harness.delete("k8")
        try harness.put("new", "while away")
        harness.sandbox.clock.advance(by: .seconds(300))
        harness.sandbox.forgetCalls()
        try await harness.run { process in
            await process.waitLive()
            #expect(process.items == harness.contents)
            #expect(process.position?.epoch == before.epoch)
            // A subscriber that comes back with its old id gets what it has not seen.
            #expect(process.changes(after: before).isSuperset(of: ["k7", "k8", "new"]))
            #expect(process.saved.isResumed && process.rejections.isEmpty)
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
        #expect(harness.sandbox.calls(.getShardIterator).allSatisfy { $0.iteratorType != "LATEST" })
    }

    @Test("a stop in order and a quiet table leave the position as it was")
    func stopsInOrder() async throws {
        let harness = try SavedStateHarness()
        var left: Position?
        // Records of every shard have been read, so that each one has a position to go on from.
        try await harness.run { process in
            await process.waitLive()
            for number in 0..<60 { try harness.put("k\(number)", "streamed") }
            await process.wait("the changes") { process.items == harness.contents }
            left = process.position
        }
        for _ in 0..<2 {
            try await harness.run { process in
                await process.waitLive()
                // The times in it grow while nothing changes.
                #expect(process.position?.epoch == left?.epoch && process.position?.seq == left?.seq)
                #expect(process.items == harness.contents)
            }
        }
    }

    @Test("Situation 23 (ii): a state of 22 h 59 m ago is gone on with, although the first records are about to go")
    func old() async throws {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
        }
        try harness.put("k1", "changed")
        harness.sandbox.clock.advance(by: .seconds(23 * 3_600 - 60))
        harness.sandbox.forgetCalls()
        try await harness.run { process in
            await process.waitLive()
            #expect(process.items == harness.contents)
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
    }

    @Test("Situation 23 (iii): a state of 30 h ago is not used; what was deleted since is gone, in a new epoch")
    func tooOld() async throws {
        let harness = try SavedStateHarness()
        var left: Position?
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
            left = process.position
        }
        for number in 0..<30 { try harness.delete("k\(number)") }
        harness.sandbox.clock.advance(by: .seconds(30 * 3_600))
        harness.sandbox.forgetCalls()
        try await harness.run { process in
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["too-old"])
            #expect(process.saved.start.hasPrefix("read from the table: the stream was last read 30.0 h ago"))
            #expect(process.items == harness.contents && process.items.count == 30)
            #expect(process.position?.epoch != left?.epoch)
            await process.waitSaved()
        }
        #expect(!harness.sandbox.calls(.scan).isEmpty)
        harness.sandbox.forgetCalls()
        try await harness.run { process in await process.waitLive() }
        #expect(harness.sandbox.calls(.scan).isEmpty)
    }

    @Test("Situation 23 (iv): a state of another stream is not used, although the table is the same")
    func newStream() async throws {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
        }
        harness.sandbox.disableStream(of: SavedStateHarness.table)
        try harness.put("k1", "seen by no stream")
        try harness.delete("k2")
        harness.sandbox.clock.advance(by: .seconds(2))
        harness.sandbox.enableStream(of: SavedStateHarness.table, .newAndOldImages)
        try await harness.run { process in
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["other-stream"])
            #expect(process.items == harness.contents)
        }
    }

    @Test("Situation 23 (v): a damaged state is not used, and replaced")
    func damaged() async throws {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
        }
        let descriptor = open("\(harness.path)/tablecast.sqlite", O_WRONLY)
        #expect(pwrite(descriptor, [UInt8](repeating: 0x5A, count: 3_000), 3_000, 4_500) == 3_000)
        close(descriptor)
        try await harness.run { process in
            await process.waitLive()
            #expect(process.rejections.map(\.kind) == ["damaged"])
            #expect(process.items == harness.contents)
            await process.waitSaved()
        }
        try await harness.run { process in
            await process.waitLive()
            #expect(process.saved.isResumed)
        }
    }

    @Test("Situation 23 (vi): shards that were read to their end and have gone are not missed")
    func goneShards() async throws {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            for number in 0..<20 { try harness.put("k\(number)", "first") }
            harness.sandbox.rotateAll(of: SavedStateHarness.table)
            for number in 0..<20 { try harness.put("k\(number)", "second") }
            await process.wait("both generations of shards") { process.items == harness.contents }
            await process.wait("the parents to be over") {
                process.replicator.status.shards.count { $0.phase == .ended } == 2
            }
            await process.waitSaved()
        }
        for shard in harness.sandbox.shards(of: SavedStateHarness.table) where !shard.isOpen {
            harness.sandbox.remove(shard: shard.id, of: SavedStateHarness.table)
        }
        harness.sandbox.rotateAll(of: SavedStateHarness.table)
        try harness.put("k3", "third")
        harness.sandbox.forgetCalls()
        try await harness.run { process in
            await process.waitLive()
            #expect(process.items == harness.contents)
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
    }

    @Test("Situation 23 (vii): after a crash between applying and saving, what is read again changes nothing twice")
    func crashBeforeSaving() async throws {
        let harness = try SavedStateHarness()
        var copy = ""
        try await harness.run { process in
            await process.waitLive()
            for number in 0..<60 { try harness.put("k\(number)", "first") }
            await process.wait("the changes") { process.items == harness.contents }
            await process.waitSaved()
            copy = harness.snapshotOfDirectory()
            for number in 0..<20 { try harness.put("k\(number)", "second") }
            for number in 20..<25 { try harness.delete("k\(number)") }
            await process.wait("the changes") { process.items == harness.contents }
        }
        defer { SavedStateHarness.remove(copy) }
        harness.sandbox.forgetCalls()
        try await harness.run(in: copy) { process in
            await process.waitLive()
            #expect(process.items == harness.contents)
            let applied = process.observer.events.reduce(0) { sum, event in
                if case .changesApplied(_, let count, _) = event { sum + count } else { sum }
            }
            #expect(applied == 25)
        }
        #expect(harness.sandbox.calls(.scan).isEmpty)
    }

    @Test("a consumer that can read nothing does not make its state younger")
    func deadConsumer() async throws {
        let harness = try SavedStateHarness()
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
            let denied = SandboxFault.error(status: 400, code: "AccessDeniedException", message: "no")
            harness.sandbox.faults.enqueue(.getRecords, denied, times: 100_000)
            harness.sandbox.faults.enqueue(.getShardIterator, denied, times: 100_000)
            // By the shards: the replica's own lag grows as well while replication is only slow to look.
            await process.wait("no shard to be read any more") {
                let shards = process.replicator.status.shards
                return !shards.isEmpty
                    && shards.allSatisfy { $0.lagMilliseconds ?? 0 > 2_000 && $0.lastError != nil }
            }
        }
        // After the stop, which would find the shards readable otherwise.
        harness.sandbox.faults.removeAll()
        harness.sandbox.clock.advance(by: .seconds(3_600))
        try await harness.run { process in
            // As it was then: what is read and saved since makes it younger.
            var age: Int64?
            await process.wait("a resumption") {
                for case .resumed(let seconds, _, _) in process.observer.events { age = seconds }
                return age != nil
            }
            #expect(age ?? 0 >= 3_602)
        }
    }

    @Test("when records are lost the saved state is given up before the table is read again")
    func gap() async throws {
        let harness = try SavedStateHarness()
        var copy = ""
        try await harness.run { process in
            await process.waitLive()
            await process.waitSaved()
            // No scan gets through, so that the rebuild stays under way.
            let busy = SandboxFault.error(status: 400, code: "ThrottlingException", message: "slow down")
            harness.sandbox.faults.enqueue(.scan, busy, times: 100_000)
            for number in 0..<40 { try harness.put("k\(number)", "lost") }
            for shard in harness.sandbox.shards(of: SavedStateHarness.table) {
                harness.sandbox.remove(shard: shard.id, of: SavedStateHarness.table)
            }
            await process.wait("a rebuild") { process.replicator.status.state == .rebuilding }
            copy = harness.snapshotOfDirectory()
            harness.sandbox.faults.removeAll()
        }
        defer { SavedStateHarness.remove(copy) }
        try await harness.run(in: copy) { process in
            await process.wait("a verdict") { !process.rejections.isEmpty }
            #expect(process.rejections.map(\.kind) == ["abandoned"])
        }
    }

    @Test("a state that cannot be saved is said, serving goes on, and saving is tried until it works")
    func trouble() async throws {
        let harness = try SavedStateHarness()
        // Something that no file can take the place of, whoever runs this.
        let blocker = "\(harness.path)/tablecast.sqlite"
        #expect(mkdir(blocker, 0o700) == 0)
        try await harness.run { process in
            await process.waitLive()
            await process.wait("the trouble to be said") { process.saved.trouble != nil }
            #expect(process.saved.failures > 0 && process.saved.savedAt == nil)
            try harness.put("k1", "still followed")
            await process.wait("the change") { process.items == harness.contents }
            #expect(process.replicator.status.state == .live)
            #expect(rmdir(blocker) == 0)
            await process.waitSaved()
            await process.wait("the trouble to be over") { process.observer.events.contains(.stateRecovered) }
            #expect(process.saved.trouble == nil)
        }
        try await harness.run { process in
            await process.waitLive()
            #expect(process.saved.isResumed)
        }
    }
}
