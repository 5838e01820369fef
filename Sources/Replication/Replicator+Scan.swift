import Basics
import DynamoDBClient
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
            table: target.tableReference,
            schema: target.keySchema,
            segments: segments,
            limits: settings.limits,
            time: time,
            pacer: ReadPacer(unitsPerSecond: settings.scanUnitsPerSecond, time: time),
            apply: { page in await self.apply(page) },
            segmentEnded: { await self.segmentEnded() },
            trouble: { error in await self.scanTrouble(error) }
        )
        do {
            try await scan.run()
            let end = streamTime()
            // Evidence is gathered from now on; the watch asks whether it suffices.
            _ = await poller.hasCaughtUp(since: end)
            await scanEnds(at: end)
            return nil
        } catch let error as DynamoDBError {
            return .failed(error.kind == .notFound ? .noTable(error, target.tableReference) : ReplicationFailure(error))
        } catch {
            return .cancelled
        }
    }

    private func scanBegins() {
        generation?.scanBeganAt = time.continuous()
        let segments = generation?.segments ?? 0
        board.update { $0.scanSegments = segments }
        explain("scanning the table in \(segments) segment(s)", .scanning)
    }

    private func apply(_ page: ScanPage) {
        guard let writer = generation?.writer else { return }
        _ = writer.applyScanRows(page.items, at: time.wallMilliseconds())
        for row in page.unreadable { apply(row, with: writer) }
        generation?.scannedItems += page.items.entries.count + page.unreadable.count
        generation?.scannedPages += 1
        generation?.scannedUnits += page.units
        generation?.lastScanError = nil
        reportProgress()
    }

    private func apply(_ row: UnreadableRow, with writer: GenerationWriter) {
        guard let key = row.key else {
            generation?.skippedRows += 1
            return report(.row(row.reason))
        }
        if writer.applyUnreadableRow(key, at: time.wallMilliseconds()), let schema = generation?.target.keySchema {
            report(.item(key, schema, row.reason))
        }
    }

    private func segmentEnded() {
        generation?.segmentsDone += 1
        reportProgress()
    }

    private func reportProgress() {
        guard let generation else { return }
        let estimate = ScanEstimate(generation, at: time.continuous())
        board.update {
            $0.scannedItems = generation.scannedItems
            $0.scanSegmentsDone = generation.segmentsDone
            $0.scanConsumedUnits = generation.scannedUnits
            $0.scanEstimatedUnits = estimate.units
            $0.scanEstimatedSecondsLeft = estimate.secondsLeft
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
        explain("catching up with the stream", .catchingUp)
        board.update { $0.scanEstimatedSecondsLeft = 0 }
    }

    private func scanTrouble(_ error: DynamoDBError) {
        generation?.lastScanError = error
        report(error)
    }
}

/// What a scan will cost and how long it will take, from what it has cost and taken and DescribeTable's count of items.
struct ScanEstimate: Sendable, Hashable {
    /// Read capacity units of the whole scan; nil while nothing is known.
    var units: Double?
    var secondsLeft: Double?

    /// `approximateItems` is hours old: with more than that scanned there is nothing left to guess.
    init(approximateItems: Int64, scannedItems: Int, scannedUnits: Double, elapsed: Duration) {
        guard scannedItems > 0, approximateItems > Int64(scannedItems) else { return }
        let share = Double(approximateItems) / Double(scannedItems)
        units = scannedUnits * share
        secondsLeft = Double(elapsed.wholeMilliseconds) / 1_000 * (share - 1)
    }

    init(_ generation: Generation, at now: Duration) {
        self.init(
            approximateItems: generation.target.approximateItems,
            scannedItems: generation.scannedItems,
            scannedUnits: generation.scannedUnits,
            elapsed: generation.scanBeganAt.map { now - $0 } ?? .zero
        )
    }
}
