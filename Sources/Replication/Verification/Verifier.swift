import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import TableModel

/// Compares table and replica again and again, slowly, and repairs the keys that differ. `VerificationSchedule` says when.
struct Verifier: Sendable {
    private let context: ReplicationContext
    private let build: GenerationBuild
    private let stream: FollowedStream
    private let isResumed: Bool

    /// `isResumed`: the contents come from a saved state.
    init(_ context: ReplicationContext, _ build: GenerationBuild, _ stream: FollowedStream, isResumed: Bool) {
        self.context = context
        self.build = build
        self.stream = stream
        self.isResumed = isResumed
    }

    /// Verifies for as long as the generation lives.
    func run() async -> GenerationEnd? {
        let settings = context.settings
        let isContinuous = settings.verifyUnitsPerSecond != nil
        if isContinuous { showStatus() }
        let capacity = settings.verifyUnitsPerSecond.map(ScanCapacity.units) ?? settings.scanCapacity
        let pacer = ReadPacer(capacity.rate(for: build.target.capacity), time: context.time)
        let review = SuspectReview(context, build, stream, pacer)
        var schedule = VerificationSchedule(isContinuous: isContinuous, isResumed: isResumed, limits: context.limits)
        while await context.pause(context.limits.verifyInterval) {
            guard let (snapshot, skippedRecords) = await build.verifiable() else { continue }
            let step = schedule.next(
                skippedRecords: skippedRecords,
                unreadable: snapshot.unreadableCount,
                at: context.time.continuous()
            )
            guard step != .rest else { continue }
            let pass = VerificationPass(snapshot, skippedRecords, context.limits, random: context.time.random())
            do {
                try await run(step, pass, review, pacer)
                try Task.checkCancellation()
                let left = step == .compare ? await build.compared(pass) : await build.skippedRecords
                schedule.ended(
                    step,
                    isComplete: pass.isComplete,
                    skippedRecords: left,
                    at: context.time.continuous()
                )
            } catch let error as DynamoDBError {
                // Only the comparison has failed; the stream is still followed. It counts, so that one which always fails part of the way
                // is not repeated every minute.
                schedule.ended(
                    step,
                    isComplete: false,
                    skippedRecords: skippedRecords,
                    at: context.time.continuous()
                )
                context.reporter.report(error)
            } catch {
                if Task.isCancelled { return .cancelled }
            }
        }
        return .cancelled
    }

    private func showStatus() {
        context.reporter.update { if $0.verification == nil { $0.verification = VerificationStatus() } }
    }

    private func run(
        _ step: VerificationSchedule.Step,
        _ pass: VerificationPass,
        _ review: SuspectReview,
        _ pacer: ReadPacer
    ) async throws {
        let chunk = context.limits.verifyChunk
        switch step {
        case .rest: break
        case .compare:
            showStatus()
            let scan = TableScan(
                context: context,
                target: build.target,
                segments: 1,
                pacer: pacer,
                apply: { await compare($0, pass, review) },
                trouble: { context.reporter.report($0) }
            )
            try await scan.run()
            // The other way round: items that the table no longer has.
            try await visit(pass, review) { pass.unmet(in: $0, after: &$1, limit: chunk) }
        case .readUnreadable:
            try await visit(pass, review) { pass.unreadable(in: $0, after: &$1, limit: chunk) }
        }
    }

    /// Reviews the keys that `next` takes from the replica, piece by piece.
    private func visit(
        _ pass: VerificationPass,
        _ review: SuspectReview,
        _ next: (StoreSnapshot, inout [UInt8]?) -> [ItemKey]
    ) async throws {
        var cursor: [UInt8]?
        repeat {
            try Task.checkCancellation()
            guard let snapshot = context.store.snapshot, snapshot.position.epoch == pass.epoch else {
                return pass.leaveOpen()
            }
            await review.decide(next(snapshot, &cursor), pass)
            await Task.yield()
        } while cursor != nil
    }

    private func compare(_ page: ScanPage, _ pass: VerificationPass, _ review: SuspectReview) async {
        guard let snapshot = context.store.snapshot, snapshot.position.epoch == pass.epoch else {
            return pass.leaveOpen()
        }
        let suspects = pass.suspects(in: page, against: snapshot)
        context.reporter.update {
            $0.verification?.rows += page.items.entries.count + page.unreadable.count
            $0.verification?.consumedUnits += page.units
        }
        var start = 0
        while start < suspects.count, !Task.isCancelled {
            let end = min(start + context.limits.verifyChunk, suspects.count)
            await review.decide(Array(suspects[start..<end]), pass)
            start = end
        }
        if start < suspects.count { pass.leaveOpen() }
    }
}
