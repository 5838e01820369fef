import Basics
import DynamoDBClient
import DynamoDBStream
import StateStore

/// The table's stream as one generation follows it: completed records in order, the bookmark, and gaps.
struct FollowedStream: Sendable {
    /// Completes the records; verification tells it of keys.
    let images: ImageCompletion
    /// Reads the shards; knows positions, lag and gaps.
    let poller: StreamPoller
    private let context: ReplicationContext
    private let bookmark = Channel<Bool>()
    private let gaps = Channel<StreamGap>()

    /// A stream of which nothing has been read. It begins at `resumption`, or at its bookmark.
    init(
        _ context: ReplicationContext,
        _ target: ReplicationTarget,
        _ resumption: Resumption?,
        _ unknownRecords: UnknownRecords
    ) {
        self.context = context
        images = ImageCompletion(
            context.streams,
            fetch: context.itemFetch(target),
            viewType: target.viewType,
            ahead: resumption?.restored.keysAhead ?? KeysAhead(),
            unknown: unknownRecords
        )
        poller = StreamPoller(
            streamARN: target.streamARN,
            api: images,
            start: resumption.map { .state($0.positions) } ?? .latest,
            settings: context.settings.stream,
            time: context.time
        )
    }

    /// Delivers the stream to `build` until a record cannot be applied.
    func follow(into build: GenerationBuild) async -> GenerationEnd? {
        do {
            try await poller.follow(
                notify: { notice in
                    switch notice {
                    case .bookmarked: bookmark.send(true)
                    case .gap(let gap): gaps.send(gap)
                    case .trouble(let shardID, let error): context.reporter.report(error, shardID: shardID)
                    }
                },
                consume: { delivery in
                    // Before that a delivery takes the place of records that are held in memory already.
                    if await build.isLive, let outcome = await applyWhileFull(delivery, to: build) { return outcome }
                    return await build.apply(delivery, holdsNewerItems: images.holdsNewerItems)
                }
            )
            return .cancelled
        } catch let unusable as UnusableRecord {
            return context.reporter.reportGap(unusable.reason, .unusableRecord)
        } catch {
            return .cancelled
        }
    }

    /// Applies a delivery while memory is full, as far as that needs no more. Nil when there is room for all of it.
    private func applyWhileFull(_ delivery: StreamDelivery, to build: GenerationBuild) async -> DeliveryOutcome? {
        let memory = context.memory
        guard memory.isFull() else { return nil }
        if !memory.isExhausted,
            let outcome = await build.applyWhileFull(
                delivery,
                holdsNewerItems: images.holdsNewerItems,
                hasReserve: memory.hasReserve
            )
        {
            return outcome
        }
        // Changes of a shard are applied in order, so what waits holds up whatever comes after it.
        _ = await memory.room()
        return nil
    }

    /// Ends with the first gap, once `watch` says that the table can be read.
    func gap(_ watch: TableWatch, _ target: ReplicationTarget) async -> GenerationEnd? {
        guard let gap = await gaps.next()?.first else { return .cancelled }
        await watch.waitWhileObstructed(target)
        guard !Task.isCancelled else { return .cancelled }
        return context.reporter.reportGap(gap.description, gap.reason == .streamNotFound ? .streamMissing : .gap)
    }

    /// Waits until every later write will be delivered; false when the task is cancelled.
    func waitForBookmark() async -> Bool { await bookmark.next() != nil }

    /// Now, by every clock.
    var now: StreamTime {
        StreamTime(
            continuous: context.time.continuous(),
            wallMilliseconds: context.time.wallMilliseconds(),
            service: context.streams.serviceTime
        )
    }
}
