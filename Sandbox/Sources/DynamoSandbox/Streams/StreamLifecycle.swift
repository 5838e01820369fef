import Basics
import TableModel

/// Enabling and disabling a table's stream, and what writes leave in it.
extension Engine {
    /// Gives a table a new stream with a new ARN.
    mutating func enableStream(of name: String, _ viewType: SandboxViewType, now: Int64) {
        guard let table = tables[name] else { return }
        var created = now
        var label: String
        var arn: String
        repeat {
            // Labels are times in UTC without a zone.
            label = String(Timestamp.text(created).dropLast())
            arn = "\(table.arn)/stream/\(label)"
            created += 1
        } while streams[arn] != nil
        var stream = TableStream(
            arn: arn,
            label: label,
            table: table,
            viewType: viewType,
            createdAt: now,
            status: settings.holdsTransitions ? .enabling : .enabled
        )
        stream.openRoots(settings.shardsPerStream, &sequenceNumbers, now: now)
        streams[arn] = stream
        tables[name]?.latestStreamARN = arn
        tables[name]?.streamEnabled = true
        tables[name]?.streamViewType = viewType
    }

    /// Closes a table's stream: its shards end, and can be read until retention takes them.
    mutating func disableStream(of name: String, now: Int64) {
        guard let table = tables[name], table.streamEnabled, let arn = table.latestStreamARN else { return }
        streams[arn]?.closeAll(&sequenceNumbers, now: now)
        streams[arn]?.status = settings.holdsTransitions ? .disabling : .disabled
        tables[name]?.streamEnabled = false
        tables[name]?.streamViewType = nil
    }

    /// Records a change in the table's stream, if it has one.
    mutating func record(
        _ write: PlannedWrite,
        now: Int64,
        byTimeToLive: Bool
    ) {
        guard let table = tables[write.table], table.streamEnabled, let arn = table.latestStreamARN,
            let viewType = table.streamViewType, let shard = streams[arn]?.openShard(for: write.key.hash)
        else { return }
        let event: LoggedRecord.Event = write.old == nil ? .insert : write.new == nil ? .remove : .modify
        let size =
            ItemSize.of(write.keyAttributes)
            + (viewType.showsNewImage ? write.new?.size ?? 0 : 0) + (viewType.showsOldImage ? write.old?.size ?? 0 : 0)
        let record = LoggedRecord(
            sequenceNumber: sequenceNumbers.next(),
            event: event,
            createdAt: now,
            keys: Item(write.keyAttributes),
            newImage: write.new?.item,
            oldImage: write.old?.item,
            size: size,
            byTimeToLive: byTimeToLive
        )
        streams[arn]?.append(record, toShard: shard, limit: settings.recordsPerShard)
    }
}
