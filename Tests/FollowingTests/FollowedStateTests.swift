import Basics
import Glibc
import ReplicaStore
import Replication
import StateStore
import Synchronization
import TableModel
import TestTools
import Testing

@testable import Following

/// The keeper of a follower's state: what it loads, what it refuses, and what it leaves on the disk.
@Suite struct FollowedStateTests {
    private final class Observer: ReplicationObserver {
        let events = Mutex<[ReplicationEvent]>([])
        func observe(_ event: ReplicationEvent) { events.withLock { $0.append(event) } }
    }

    /// A process with the state directory of a follower that others have saved in.
    private struct Process {
        let state: FollowedState
        let reporter: StateReporter
        let observer = Observer()

        init(_ path: String) {
            var settings = ReplicationSettings(tableName: "")
            settings.limits.stateSaveInterval = .milliseconds(1)
            let time = TimeSource(
                continuous: SystemClock.continuous,
                wallMilliseconds: { SavedFollower.now },
                sleep: { try await Task.sleep(for: $0) },
                random: { 0.5 }
            )
            reporter = StateReporter(settings, savesState: true, following: "the upstream", time, observer)
            state = FollowedState(
                SavingContext(settings.limits, time, reporter, otherwise: "loaded from the upstream"),
                // The process before may still be about to give the directory up.
                StateSession(awaiting: path)
            )
        }

        func load(table: String? = nil) async -> RestoredContents? {
            await state.load(table: table, storeLimits: StoreLimits(), memory: .unlimited)
        }

        var start: String? { reporter.status.savedState?.start }

        var rejections: [StateRejection] {
            observer.events.withLock { $0.compactMap { if case .stateRejected(let found) = $0 { found } else { nil } } }
        }
    }

    /// A follower that has saved two items, and whose process has ended.
    private func saved(_ change: (inout FollowedPlace) -> Void = { _ in }) throws -> (SavedFollower, ProvedContents) {
        let upstream = RememberingUpstream()
        for number in 0..<2 { _ = upstream.model.put("k\(number)", number) }
        let follower = SavedFollower()
        follower.fixture.connect()
        #expect(follower.fixture.send(upstream.answer(nil)))
        let contents = try #require(follower.proved)
        try follower.save(isLast: true, change)
        follower.end()
        return (follower, contents)
    }

    @Test("a state is loaded for the table that is named, by name or ARN, and for any where none is")
    func loads() async throws {
        for table in [nil, "orders"] {
            let (follower, contents) = try saved()
            let process = Process(follower.path)
            let restored = try #require(await process.load(table: table))
            #expect(restored.place == contents.place)
            #expect(restored.state.writer.digest.content == contents.snapshot.digest)
            #expect(process.start == "loaded; it is shown only while the upstreams are away")
            await process.state.end(shown: nil)
        }
        let (follower, _) = try saved()
        let process = Process(follower.path)
        #expect(await process.load(table: "invoices") == nil)
        #expect(process.rejections == [.otherTable("orders")])
        #expect(process.start == "loaded from the upstream: the state is of table orders")
        await process.state.end(shown: nil)
    }

    @Test("without a state everything is loaded, and the status says so")
    func nothing() async throws {
        let follower = SavedFollower()
        let process = Process(follower.path)
        #expect(await process.load() == nil)
        #expect(process.start == "loaded from the upstream: no state had been saved")
        #expect(process.rejections.isEmpty)
        await process.state.end(shown: nil)
    }

    @Test("items that are not those that a bookmark had proved are refused, and so is a place that cannot be read")
    func damaged() async throws {
        let (follower, _) = try saved { $0.items += 1 }
        let process = Process(follower.path)
        #expect(await process.load() == nil)
        #expect(process.rejections == [.damaged("its items are not those that a bookmark had proved")])
        await process.state.end(shown: nil)
    }

    @Test("what a bookmark has proved is on the disk soon; what was found to differ is not gone on with")
    func saves() async throws {
        let (_, contents) = try saved()
        let follower = SavedFollower()
        func first() async {
            let process = Process(follower.path)
            #expect(await process.load() == nil)
            process.state.settled(contents, readAt: SavedFollower.now)
            let saving = Task { await process.state.run() }
            #expect(await comesTrue { process.reporter.status.savedState?.saves == 1 })
            process.state.distrust("it differs")
            saving.cancel()
            await saving.value
            await process.state.end(shown: nil)
        }
        func second() async {
            let process = Process(follower.path)
            #expect(await process.load() == nil)
            #expect(process.rejections == [.abandoned("it differs")])
            process.state.settled(contents, readAt: SavedFollower.now)
            await process.state.end(shown: contents.snapshot)
        }
        await first()
        await second()
        let third = Process(follower.path)
        #expect(await third.load()?.place == contents.place)
        await third.state.end(shown: nil)
    }

    @Test(
        "a state that turns out to be wrong is not gone on with by a later process either, and is no longer called resumed"
    )
    func foundWrong() async throws {
        let (follower, _) = try saved()
        func first() async throws {
            let process = Process(follower.path)
            let restored = try #require(await process.load())
            process.state.resumes(restored, restored.state.writer.epoch)
            #expect(process.start == "resumed from a state of 0 s ago")
            #expect(process.reporter.status.savedState?.isResumed == true)
            process.state.reject(.damaged("its items differ"))
            #expect(process.reporter.status.savedState?.isResumed == false)
            await process.state.end(shown: nil)
        }
        try await first()
        let next = Process(follower.path)
        #expect(await next.load() == nil)
        #expect(next.rejections == [.abandoned("its items differ")])
        await next.state.end(shown: nil)
    }

    @Test("where no upstream had told its lag, the age of a state is unknown")
    func unknownAge() async throws {
        let (_, contents) = try saved()
        let follower = SavedFollower()
        func first() async {
            let process = Process(follower.path)
            #expect(await process.load() == nil)
            process.state.settled(contents, readAt: nil)
            await process.state.end(shown: contents.snapshot)
        }
        await first()
        let next = Process(follower.path)
        let restored = try #require(await next.load())
        #expect(restored.readAt == nil && next.reporter.status.savedState?.streamReadAt == nil)
        next.state.resumes(restored, restored.state.writer.epoch)
        #expect(next.start == "resumed from a state of unknown age")
        await next.state.end(shown: nil)
    }

    @Test("an upstream that does not tell all that a restart needs is said once, and nothing is saved")
    func withheld() async throws {
        let follower = SavedFollower()
        let process = Process(follower.path)
        #expect(await process.load() == nil)
        process.state.settled(nil, readAt: nil)
        await process.state.end(shown: nil)
        #expect(process.reporter.status.savedState?.trouble?.hasPrefix("the state is not saved: the upstream") == true)
        #expect(process.reporter.status.savedState?.saves == 0)
    }
}
