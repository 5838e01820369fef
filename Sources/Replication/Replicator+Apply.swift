import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import TableModel

extension Replicator {
    /// Applies a delivery, in order, and publishes once.
    func apply(_ delivery: StreamDelivery) -> DeliveryOutcome {
        guard let writer = generation?.writer, let schema = generation?.target.keySchema else {
            return .stopped(items: 0, records: 0, cause: CancellationError())
        }
        var changes = 0
        let receivedAt = time.wallMilliseconds()
        for (index, item) in delivery.items.enumerated() {
            switch item {
            case .added(let shards): observer.observe(.shardsAdded(shards.map(\.id)))
            case .ended(let shardID): observer.observe(.shardEnded(shardID))
            case .replayed: break
            case .records(let shardID, let records):
                var applied = 0
                var replayed = 0
                for (place, record) in records.enumerated() {
                    switch RecordTranslation(record, schema: schema, receivedAt: receivedAt) {
                    case .change(let change):
                        guard writer.apply(change) else {
                            replayed += 1
                            continue
                        }
                        applied += 1
                        if case .newImage(let reason) = record.fault { report(.item(change.key, schema, reason)) }
                    case .keyless(let reason):
                        generation?.skippedRecords += 1
                        generation?.cleanPasses = 0
                        report(.record(record.sequenceNumber, shardID: shardID, reason))
                    case .unknown(let name):
                        if reportedEventNames.count < 64, reportedEventNames.insert(name).inserted {
                            observer.observe(.unknownRecord(eventName: name, shardID: shardID))
                        }
                    case .unusable(let reason):
                        return .stopped(items: index, records: place, cause: UnusableRecord(reason: reason))
                    }
                }
                changes += applied
                observer.observe(.changesApplied(shardID: shardID, count: applied, replayed: replayed))
            }
        }
        board.update { $0.changesApplied += changes }
        // Once, at the end: where a shard was read again from before the bookmark, its keys went through old states in between.
        if generation?.liveSince != nil { publish() }
        return .taken
    }

    /// Tells of something that cannot be read.
    func report(_ unreadable: UnreadableReport) {
        let report = UnreadableStatus.Report(text: unreadable.text, at: time.wallMilliseconds())
        let limit = settings.limits.unreadableReports
        board.update { $0.unreadable.recent = Array(([report] + $0.unreadable.recent).prefix(limit)) }
        tellSkipped()
        observer.observe(.unreadable(text: unreadable.text))
    }

    /// Tells what was skipped of the contents that are served; before anything is, of those that will be.
    func tellSkipped() {
        guard let generation, generation.liveSince != nil || store.snapshot == nil else { return }
        board.update {
            $0.unreadable.skippedRecords = generation.skippedRecords
            $0.unreadable.skippedRows = generation.skippedRows
        }
    }

    /// The generation is complete and caught up: readers see it from now on.
    func goLive() {
        guard let writer = generation?.writer, generation?.liveSince == nil else { return }
        writer.endBootstrap()
        generation?.liveSince = time.continuous()
        isTableMissing = false
        isStreamDisabled = false
        publish()
        tellSkipped()
        transition { $0.goLive() }
    }

    func publish() {
        guard let writer = generation?.writer else { return }
        if board.status.isWithheld { board.update { $0.isWithheld = false } }
        store.publish(writer.snapshot())
    }
}
