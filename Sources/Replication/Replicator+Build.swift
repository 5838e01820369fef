import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore
import TableModel

extension Replicator {
    /// Builds a generation and follows the stream until it cannot be followed any more.
    ///
    /// Side by side: the stream is consumed; the table is scanned once the bookmark holds; the state is judged; the table is
    /// asked whether the stream is still its own. The first that comes to an end, ends all.
    ///
    /// With a saved state there is no bookmark and no scan: the stream is gone on with from where the state ends.
    func build(_ target: ReplicationTarget, from resumption: Resumption?) async -> GenerationEnd {
        generation = Generation(
            target: target,
            writer: resumption?.writer
                ?? GenerationWriter(
                    epoch: .random(),
                    keySchema: target.keySchema,
                    limits: settings.storeLimits,
                    startingAfter: .random(in: settings.firstSeqs)
                ),
            beganAt: time.continuous()
        )
        generation?.segments = settings.segments(approximateItems: target.approximateItems)
        if readiness.state == .starting {
            let work =
                resumption == nil
                ? Reason(.bookmarking, "taking the bookmark of the stream")
                : Reason(.resuming, "catching up from the saved state")
            transition { $0.beginGeneration(work.text, code: work.code) }
        }
        board.update {
            $0.streamARN = target.streamARN
            $0.scannedItems = 0
            $0.scanSegmentsDone = 0
            $0.scanConsumedUnits = 0
            $0.scanEstimatedUnits = nil
            $0.scanEstimatedSecondsLeft = nil
            $0.scanUnitsPerSecond = settings.scanUnitsPerSecond
        }
        let observer = observer
        let images = ImageCompletion(
            streams,
            fetch: itemFetch(target),
            viewType: target.viewType,
            ahead: resumption?.keysAhead ?? KeysAhead(),
            unknown: { kind, shardID in observer.observe(.unknownRecord(eventName: kind, shardID: shardID)) }
        )
        let poller = StreamPoller(
            streamARN: target.streamARN,
            api: images,
            start: resumption.map { .state($0.positions) } ?? .latest,
            settings: settings.stream,
            time: time
        )
        let bookmark = Channel<Bool>()
        let gaps = Channel<StreamGap>()
        let expiresAt = resumption?.expiresAt
        if resumption != nil { scanEnds(at: streamTime()) }
        let end: GenerationEnd = await withTaskGroup(of: GenerationEnd?.self) { group in
            group.addTask { await self.consume(poller, bookmark, gaps) }
            group.addTask {
                guard let gap = await gaps.next()?.first else { return .cancelled }
                self.observer.observe(.gap(gap.description))
                return .rebuild(Reason(gap.reason == .streamNotFound ? .streamMissing : .gap, gap.description))
            }
            group.addTask { await self.keepState(poller, images, target) }
            group.addTask {
                if let expiresAt { return await self.watchResumption(expiresAt) }
                guard await bookmark.next() != nil else { return .cancelled }
                return await self.scan(target, poller)
            }
            group.addTask { await self.watch(poller) }
            group.addTask { await self.verify(target, poller, images, isResumed: expiresAt != nil) }
            group.addTask { await self.watchTable(target) }
            defer { group.cancelAll() }
            while let end = await group.next() {
                if let end { return end }
            }
            return .cancelled
        }
        await endState(poller, images, target, end)
        return end
    }

    /// Now, by every clock.
    nonisolated func streamTime() -> StreamTime {
        StreamTime(
            continuous: time.continuous(),
            wallMilliseconds: time.wallMilliseconds(),
            service: streams.serviceTime
        )
    }

    /// Reads single items of the table.
    nonisolated func itemFetch(_ target: ReplicationTarget) -> ItemFetch {
        ItemFetch(
            api: table,
            table: target.tableReference,
            schema: target.keySchema,
            limits: settings.limits,
            time: time
        )
    }

    private nonisolated func consume(
        _ poller: StreamPoller,
        _ bookmark: Channel<Bool>,
        _ gaps: Channel<StreamGap>
    ) async -> GenerationEnd? {
        do {
            try await poller.follow(
                notify: { notice in
                    switch notice {
                    case .bookmarked: bookmark.send(true)
                    case .gap(let gap): gaps.send(gap)
                    case .trouble(let shardID, let error): self.report(error, shardID: shardID)
                    }
                },
                consume: { await self.apply($0) }
            )
            return .cancelled
        } catch let unusable as UnusableRecord {
            observer.observe(.gap(unusable.reason))
            return .rebuild(Reason(.unusableRecord, unusable.reason))
        } catch {
            return .cancelled
        }
    }

    private nonisolated func report(_ error: DynamoDBError, shardID: String?) {
        board.update { $0.lastError = error.description }
        observer.observe(.shardTrouble(shardID: shardID, error))
    }
}
