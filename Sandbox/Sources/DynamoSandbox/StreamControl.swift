public import TableModel

/// One shard as tests see it, trimmed or not.
public struct SandboxShard: Sendable, Hashable {
    /// ShardId.
    public let id: String
    /// ParentShardId; nil for a root.
    public let parentID: String?
    /// Whether changes still land in it.
    public let isOpen: Bool
    /// SequenceNumberRange.StartingSequenceNumber.
    public let startingSequenceNumber: String
    /// Nil while the shard is open.
    public let endingSequenceNumber: String?
    /// The sequence numbers of the records that can still be read.
    public let sequenceNumbers: [String]
}

/// Events of streams at a test's command, which the real service makes by itself every few hours or on a bad day.
extension DynamoSandbox {
    /// The ARN of a table's newest stream.
    public func latestStreamARN(of table: String) -> String? {
        locked { engine, _ in engine.tables[table]?.latestStreamARN }
    }

    /// The shards of a table's newest stream in the order in which they were opened.
    public func shards(of table: String) -> [SandboxShard] {
        locked { engine, _ in
            engine.latestStream(of: table)?.shards.map { shard in
                SandboxShard(
                    id: shard.id,
                    parentID: shard.parentID,
                    isOpen: shard.isOpen,
                    startingSequenceNumber: String(shard.startingSequenceNumber),
                    endingSequenceNumber: shard.endingSequenceNumber.map { String($0) },
                    sequenceNumbers: shard.records.map { String($0.sequenceNumber) }
                )
            } ?? []
        }
    }

    /// Closes an open shard and opens one child for the same partition keys. Returns the child's id. The child is left out of the
    /// next `hiddenListings` first pages of DescribeStream.
    @discardableResult
    public func rotate(shard id: String, of table: String, hiddenListings: Int = 0) -> String? {
        children(of: id, table: table, hiddenListings) { [$0] }.first
    }

    /// Closes an open shard and opens two children, each for half of its partition keys. Returns their ids. They are left out
    /// of the next `hiddenListings` first pages of DescribeStream.
    @discardableResult
    public func split(shard id: String, of table: String, hiddenListings: Int = 0) -> [String] {
        children(of: id, table: table, hiddenListings) { range in
            let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
            guard middle < range.upperBound else { return [range] }
            return [range.lowerBound...middle, (middle + 1)...range.upperBound]
        }
    }

    /// Rotates every open shard, as the real service does about every four hours.
    public func rotateAll(of table: String) {
        for shard in shards(of: table) where shard.isOpen { rotate(shard: shard.id, of: table) }
    }

    /// Closes an open shard without a child.
    public func close(shard id: String, of table: String) {
        locked { engine, now in
            engine.changeLatestStream(of: table) { stream, numbers in stream.close(id, &numbers, now: now) }
        }
    }

    /// Takes away a shard's records up to and including a sequence number; all of them when it is nil.
    public func trim(shard id: String, of table: String, through sequenceNumber: String? = nil) {
        let last = sequenceNumber.flatMap { UInt128($0) } ?? UInt128.max
        locked { engine, _ in
            engine.changeLatestStream(of: table) { stream, _ in stream.trim(shard: id, through: last) }
        }
    }

    /// Puts a record that the service does not send today into the stream: another event name or version. The table stays as it is,
    /// and the images are the item's.
    public func appendRecord(
        of key: [AttributeName: AttributeValue],
        in table: String,
        eventName: String,
        eventVersion: String = "1.1"
    ) throws(SandboxError) {
        let key = try AttributeIntake.normalise(key)
        try withEngine { engine, now throws(SandboxError) in
            let place = try engine.activeTable(table).orderKey(ofKey: key)
            let item = try engine.activeTable(table).items[place]?.item
            guard let arn = engine.tables[table]?.latestStreamARN, var stream = engine.streams[arn],
                let shard = stream.openShard(for: place.hash)
            else { throw SandboxError.notFound("Table \(table) has no open shard for the key") }
            let record = LoggedRecord(
                sequenceNumber: engine.sequenceNumbers.next(),
                event: .other(eventName),
                createdAt: now,
                keys: Item(key),
                newImage: item,
                oldImage: item,
                size: 0,
                byTimeToLive: false,
                eventVersion: eventVersion
            )
            stream.append(record, toShard: shard, limit: engine.settings.recordsPerShard)
            engine.streams[arn] = stream
        }
    }

    /// Makes a shard vanish from listings and reads, whether it was read or not.
    public func remove(shard id: String, of table: String) {
        locked { engine, _ in
            engine.changeLatestStream(of: table) { stream, _ in stream.remove(shard: id) }
        }
    }

    /// Leaves a shard out of the next `listings` first pages of DescribeStream.
    public func hide(shard id: String, listings: Int) {
        locked { engine, _ in engine.listing.hide(id, listings: listings) }
    }

    /// Lists a shard without its end, also when it is closed. With `neverEnds` reading it never comes to an end either.
    public func keepLookingOpen(shard id: String, neverEnds: Bool = false) {
        locked { engine, _ in engine.listing.keepLookingOpen(id, neverEnds: neverEnds) }
    }

    /// Ends hidden and open-looking shards.
    public func resetListing() {
        locked { engine, _ in engine.listing.reset() }
    }

    /// Gives a table a new stream with a new ARN; an enabled one is disabled first.
    public func enableStream(of table: String, _ viewType: SandboxViewType) {
        locked { engine, now in
            engine.disableStream(of: table, now: now)
            engine.enableStream(of: table, viewType, now: now)
        }
    }

    /// Disables a table's stream: its shards close.
    public func disableStream(of table: String) {
        locked { engine, now in engine.disableStream(of: table, now: now) }
    }

    /// Lets tables and streams that `holdsTransitions` holds reach the state they were going to.
    public func completeTransitions() {
        locked { engine, _ in engine.completeTransitions() }
    }

    /// Goes on with sequence numbers after this one: also lower ones than before, as a reset emulator does.
    public func restartSequenceNumbers(at number: UInt128) {
        locked { engine, _ in engine.sequenceNumbers.restart(at: number) }
    }

    private func children(
        of id: String,
        table: String,
        _ hiddenListings: Int,
        _ ranges: @Sendable (ClosedRange<UInt64>) -> [ClosedRange<UInt64>]
    ) -> [String] {
        locked { engine, now in
            var children: [String] = []
            engine.changeLatestStream(of: table) { stream, numbers in
                guard let shard = stream.shard(id), shard.isOpen else { return }
                stream.close(id, &numbers, now: now)
                for range in ranges(shard.range) {
                    children.append(stream.openShard(parent: id, range: range, &numbers, now: now))
                }
            }
            if hiddenListings > 0 {
                for child in children { engine.listing.hide(child, listings: hiddenListings) }
            }
            return children
        }
    }
}

extension Engine {
    func latestStream(of table: String) -> TableStream? {
        tables[table]?.latestStreamARN.flatMap { streams[$0] }
    }

    mutating func changeLatestStream(
        of table: String,
        _ change: (inout TableStream, inout SequenceNumbers) -> Void
    ) {
        guard let arn = tables[table]?.latestStreamARN, var stream = streams.removeValue(forKey: arn) else { return }
        change(&stream, &sequenceNumbers)
        streams[arn] = stream
    }
}
