import AWSClient
import DynamoDBStream
import ReplicaStore
import TableModel

extension Replicator {
    /// Scans the table behind the bookmark. Returns nil when every row has been applied.
    nonisolated func scan(_ target: ReplicationTarget, _ poller: StreamPoller) async -> GenerationEnd? {
        // LATEST can miss what is written within about a second after it was asked for. The scan begins later than that and reads
        // consistently, so it sees those writes.
        guard await pause(settings.limits.bookmarkSettle) else { return .cancelled }
        let segments = settings.segments(approximateItems: target.approximateItems)
        await scanBegins()
        let scan = TableScan(
            api: table,
            table: target.tableName,
            schema: target.keySchema,
            segments: segments,
            limits: settings.limits,
            time: time,
            apply: { page in await self.apply(page) },
            segmentEnded: { await self.segmentEnded() },
            trouble: { error in await self.scanTrouble(error) }
        )
        do {
            try await scan.run()
            let end = StreamTime(monotonic: time.monotonic(), wallMilliseconds: time.wallMilliseconds())
            // Evidence is gathered from now on; the watch asks whether it suffices.
            _ = await poller.hasCaughtUp(since: end)
            await scanEnds(at: end)
            return nil
        } catch let error as AWSError {
            return .failed(error.kind == .notFound ? .noTable(error, target.tableName) : ReplicationFailure(error))
        } catch {
            return .cancelled
        }
    }

    private func scanBegins() {
        generation?.scanBeganAt = time.monotonic()
        let segments = generation?.segments ?? 0
        board.update { $0.scanSegments = segments }
        explain("scanning the table in \(segments) segment(s)")
    }

    private func apply(_ page: ScanPage) {
        guard let writer = generation?.writer else { return }
        _ = writer.applyScanRows(page.items, at: time.wallMilliseconds())
        generation?.scannedItems += page.items.entries.count
        generation?.scannedPages += 1
        generation?.lastScanError = nil
        reportProgress()
    }

    private func segmentEnded() {
        generation?.segmentsDone += 1
        reportProgress()
    }

    private func reportProgress() {
        guard let generation else { return }
        board.update {
            $0.scannedItems = generation.scannedItems
            $0.scanSegmentsDone = generation.segmentsDone
        }
        observer.observe(
            .scanProgress(
                items: generation.scannedItems,
                segmentsDone: generation.segmentsDone,
                segments: generation.segments
            )
        )
    }

    /// Everything up to the moment is in the generation, or comes with the stream.
    func scanEnds(at moment: StreamTime) {
        generation?.scanEnd = moment
        explain("catching up with the stream")
    }

    private func scanTrouble(_ error: AWSError) {
        generation?.lastScanError = error
        report(error)
    }
}
