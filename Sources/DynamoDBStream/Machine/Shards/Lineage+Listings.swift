import DynamoDBClient

extension Lineage {
    /// The shards of the very first discovery, divided into those that are read and those that are not.
    ///
    /// A closed shard was closed before now, so a scan that starts later sees all its writes: it is not read. An open shard is
    /// read from LATEST. But a shard below one that is being read is read from its oldest record, closed or not: with LATEST
    /// there would be a hole between the records that the parent delivers and those that the child does.
    mutating func open(_ shards: [Shard], start: StreamStart, at now: StreamTime) -> (added: [Shard], skipped: [Shard])
    {
        let isRead = Self.readShards(of: shards, start: start)
        var added: [Shard] = []
        var skipped: [Shard] = []
        for shard in shards {
            _ = link(shard, at: now.continuous, listedBefore: nil)
            guard isRead[shard.id] == true else {
                insert(ShardCursor(skipping: shard, at: now))
                skipped.append(shard)
                continue
            }
            added.append(shard)
            let parentIsRead = shard.parentID.map { isRead[$0] == true } ?? false
            let isAtLatest = start == .latest && !parentIsRead
            insert(isAtLatest ? ShardCursor(shard, atLatest: now.recordMilliseconds) : ShardCursor(shard))
        }
        noteChildren(at: now.continuous)
        return (added, skipped)
    }

    private static func readShards(of shards: [Shard], start: StreamStart) -> [String: Bool] {
        let byID = Dictionary(shards.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var isRead: [String: Bool] = [:]
        func decide(_ shard: Shard, _ depth: Int) -> Bool {
            if let known = isRead[shard.id] { return known }
            isRead[shard.id] = false
            let parent = shard.parentID.flatMap { byID[$0] }
            let parentIsRead = depth < shards.count ? parent.map { decide($0, depth + 1) } ?? false : false
            let read = start == .trimHorizon || parentIsRead || shard.endingSequenceNumber == nil
            isRead[shard.id] = read
            return read
        }
        for shard in shards { _ = decide(shard, 0) }
        return isRead
    }

    /// The news of a later listing.
    struct News: Sendable {
        /// Shards that were not known.
        var fresh: [Shard] = []
        /// Those of them that are read, from their oldest record, never from LATEST.
        var added: [Shard] = []
        /// Those of them that were listed only after a child was read, although their records are missing.
        var late: [Shard] = []
        /// A shard's first child was found: a sibling may be listed a moment later.
        var hasFirstChild = false
    }

    /// Takes a later listing. `before`: when the complete listing before it began.
    mutating func merge(_ shards: [Shard], at now: StreamTime, listedBefore before: Duration?) -> News {
        var news = News()
        news.fresh = shards.filter { self[$0.id] == nil }
        for shard in shards where self[shard.id] != nil {
            update(shard.id) { $0.noteListed(shard) }
            if link(shard, at: now.continuous, listedBefore: before) { news.hasFirstChild = true }
        }
        for shard in news.fresh {
            let hasReadChild = children(of: shard.id).contains { self[$0].map { !$0.isBlocked } ?? false }
            if hasReadChild {
                // Below a shard that is read it holds records that are missing; otherwise it closed before the bookmark.
                let parentWasRead = shard.parentID.flatMap { self[$0] }?.isRead ?? false
                insert(ShardCursor(skipping: shard, at: now))
                if parentWasRead { news.late.append(shard) }
            } else {
                news.added.append(shard)
                var cursor = ShardCursor(shard, bornAfter: before)
                // Its children may have been listed before it.
                if hasChildren(shard.id) { cursor.evidence.haveChildren(since: now.continuous) }
                insert(cursor)
            }
        }
        for shard in news.fresh where link(shard, at: now.continuous, listedBefore: before) {
            news.hasFirstChild = true
        }
        return news
    }
}
