import Basics
import DynamoDBClient
import DynamoDBStream

/// Fills a generation behind the bookmark: by a scan, or with the records since a saved state.
struct Bootstrap: Sendable {
    private let context: ReplicationContext
    private let build: GenerationBuild
    private let stream: FollowedStream
    private let expiresAt: Int64?

    /// `expiresAt` is that of the saved state from which the generation is resumed; nil for a generation without contents.
    init(_ context: ReplicationContext, _ build: GenerationBuild, _ stream: FollowedStream, expiresAt: Int64?) {
        self.context = context
        self.build = build
        self.stream = stream
        self.expiresAt = expiresAt
    }

    /// Ends with nil when every row has been applied, or a resumed generation is live.
    func run() async -> GenerationEnd? {
        if let expiresAt { return await watchExpiry(at: expiresAt) }
        // LATEST can miss what is written within about a second after it was requested. The scan begins later than that and reads
        // consistently, so it sees those writes.
        guard await stream.waitForBookmark(), await context.pause(context.limits.bookmarkSettle) else {
            return .cancelled
        }
        return await scan()
    }

    private func scan() async -> GenerationEnd? {
        let rate = context.settings.scanCapacity.rate(for: build.target.capacity)
        let pacer = ReadPacer(rate, time: context.time)
        let scan = TableScan(
            context: context,
            target: build.target,
            segments: await build.scanBegins(at: stream.now),
            pacer: pacer,
            apply: { page in
                guard await context.memory.room() else { return }
                await build.apply(page, rate: pacer.unitsPerSecond)
            },
            segmentEnded: { await build.segmentEnded() },
            trouble: { await build.scanFailed($0, rate: pacer.unitsPerSecond) }
        )
        do {
            try await scan.run()
            // A page that was not applied for that is missing.
            try Task.checkCancellation()
            let end = stream.now
            // Evidence is gathered from now on; the watch asks whether it suffices.
            _ = await stream.poller.hasCaughtUp(since: end)
            await build.scanEnds(at: end)
            return nil
        } catch let error as DynamoDBError {
            let isMissing = error.kind == .notFound
            return .failed(isMissing ? .noTable(error, build.target.tableReference) : ReplicationFailure(error))
        } catch {
            return .cancelled
        }
    }

    /// Gives up a resumed generation that has not caught up before its records can be trimmed. A shard of which nothing was read yet could
    /// lose some without the service calling it trimmed.
    private func watchExpiry(at expiresAt: Int64) async -> GenerationEnd? {
        repeat {
            if await build.isLive { return nil }
            if context.time.wallMilliseconds() >= expiresAt {
                return context.reporter.reportGap(
                    "the saved state grew older than the stream's records before it had caught up"
                )
            }
        } while await context.pause(context.limits.watchInterval)
        return .cancelled
    }
}
