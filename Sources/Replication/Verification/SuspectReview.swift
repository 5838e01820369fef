import Basics
import DynamoDBStream
import ReplicaStore
import TableModel

/// Decides which suspects differ from the table, and has those repaired.
///
/// Most suspects differ because their change is in progress. Once the stream has passed the time of the read, a suspect is read again,
/// strongly consistent. When the stream has passed the time of that read too, and has told nothing of the key in between, every write up
/// to that read has been applied. A key that still differs then is a divergence.
struct SuspectReview: Sendable {
    private let context: ReplicationContext
    private let build: GenerationBuild
    private let stream: FollowedStream
    private let fetch: ItemFetch
    private let pacer: ReadPacer

    init(_ context: ReplicationContext, _ build: GenerationBuild, _ stream: FollowedStream, _ pacer: ReadPacer) {
        self.context = context
        self.build = build
        self.stream = stream
        self.pacer = pacer
        fetch = context.itemFetch(build.target)
    }

    /// Repairs the keys that differ. Keys that cannot be decided are left to the next comparison.
    func decide(_ keys: [ItemKey], _ pass: VerificationPass) async {
        guard !keys.isEmpty else { return }
        guard !Task.isCancelled else { return pass.leaveOpen() }
        context.reporter.update { $0.verification?.suspects += keys.count }
        guard await streamPasses() else { return leaveOpen(keys.count, pass) }
        // From here on no image that the stream read earlier than the fetch below can follow the fetched items.
        stream.images.watch(keys)
        defer { stream.images.unwatch() }
        guard let snapshot = context.store.snapshot, snapshot.position.epoch == pass.epoch else {
            return pass.leaveOpen()
        }
        var before: [ItemKey: UInt64] = [:]
        for key in keys { before[key] = snapshot.newestState(of: key)?.seq }
        guard let permit = try? await pacer.permitForItems(keys.count) else { return pass.leaveOpen() }
        let result = await fetch.fetch(keys)
        let units = result.states.values.reduce(0) { $0 + $1.units }
        pacer.settle(permit, units: units, items: 0)
        context.reporter.update { $0.verification?.consumedUnits += units }
        if let error = result.error { context.reporter.report(error) }
        guard await streamPasses() else { return leaveOpen(keys.count, pass) }
        let undecided = keys.count - result.states.count
        await build.repair(result.states, before, pass, stream.images)
        if undecided > 0 { leaveOpen(undecided, pass) }
    }

    private func leaveOpen(_ count: Int, _ pass: VerificationPass) {
        pass.leaveOpen()
        guard !Task.isCancelled else { return }
        context.reporter.update { $0.verification?.unresolved += count }
    }

    /// Waits until everything written before now has been applied; false when that takes too long.
    private func streamPasses() async -> Bool {
        let moment = stream.now
        let deadline = moment.continuous + context.limits.verifyPatience
        while !(await stream.poller.hasCaughtUp(since: moment)) {
            guard context.time.continuous() < deadline, await context.pause(context.limits.watchInterval) else {
                return false
            }
        }
        return !Task.isCancelled
    }
}
