import Basics
import DynamoDBClient

// Listings find the shards, and say which of them may be read.
extension StreamMachine {
    mutating func listed(_ page: StreamPage) {
        switch discovery.received(page, at: now.continuous) {
        case .pending: break
        case .starting: pass?.noteListing()
        case .complete(let listing): complete(listing)
        case .failed(let error): listingFailed(error)
        }
    }

    mutating func listingFailed(_ error: DynamoDBError) {
        switch discovery.failed(error, at: now.continuous, random: &random) {
        case .cancelled: return
        case .trouble: actions.append(.trouble(shardID: nil, error))
        case .streamLost(let isNew):
            if isNew { actions.append(.gap(StreamGap(reason: .streamNotFound, shardID: nil))) }
        }
        if pass != nil, discovery.endsPass(after: error) { pass?.noteListing(failed: error) }
    }

    private mutating func complete(_ listing: ShardListing) {
        if discovery.isComplete || lineage.isRestored {
            merge(listing.shards)
        } else {
            open(listing.shards)
        }
        let time = now
        lineage.updateAll { $0.completeEnd(at: time) }
        judgeSuspects(listed: listing.ids)
        judgeMissingParents()
        forgetFinished(listed: listing.ids)
        discovery.complete(listing)
        pass?.noteListing()
        if let deadline = nextListing(after: listing) { discovery.hurry(deadline) }
    }

    /// When the shards are listed again because this listing does not show all; nil if it does.
    private func nextListing(after listing: ShardListing) -> Duration? {
        var deadlines: [Duration] = []
        for cursor in lineage.cursors.values {
            // A shard that was read again after this listing had begun waits for one that tells its children.
            if let ended = cursor.evidence.outageEnded, ended > listing.begun { deadlines.append(now.continuous) }
            // The first child of a shard was listed so shortly before that a sibling may be missing.
            if let since = cursor.evidence.childrenSince {
                let due = since + settings.limits.siblingPatience
                if listing.begun < due { deadlines.append(max(due, now.continuous)) }
            }
            // Children can be listed later than their parent ends: look again soon, for a while.
            if mayHideChildren(cursor) { deadlines.append(now.continuous + .seconds(2)) }
        }
        // Somebody waits for proof, and this listing began too early for it.
        if let moment = evidenceMoment?.continuous, listing.begun < moment { deadlines.append(now.continuous) }
        return deadlines.min()
    }

    private mutating func open(_ shards: [Shard]) {
        let (added, skipped) = lineage.open(shards, start: start, at: now)
        if shards.contains(where: { $0.parentID != nil }) { expectSiblings() }
        announce(added)
        for shard in shards { release(shard.id, parentMayBeUnknown: true) }
        for shard in skipped { seekChildren(of: shard.id) }
    }

    private mutating func merge(_ shards: [Shard]) {
        let news = lineage.merge(shards, at: now, listedBefore: discovery.lastBegun)
        if news.hasFirstChild { expectSiblings() }
        for shard in news.late { lose(shard.id, .lateParent) }
        announce(news.added)
        for shard in news.fresh { release(shard.id, parentMayBeUnknown: false) }
        // A parent that is over when it is first seen may be what its children wait for.
        for shard in news.fresh where lineage[shard.id]?.isReadToEnd == true {
            for child in lineage.children(of: shard.id) { release(child, parentMayBeUnknown: false) }
        }
    }

    private mutating func announce(_ shards: [Shard]) {
        guard !shards.isEmpty else { return }
        delivery.add(shards)
        for shard in shards {
            if let parentID = shard.parentID { discovery.foundChildren(of: parentID) }
        }
    }

    /// A sibling may be listed a moment later.
    private mutating func expectSiblings() { discovery.hurry(now.continuous + settings.limits.siblingPatience) }

    mutating func release(_ shardID: String, parentMayBeUnknown: Bool) {
        let moment = now.continuous
        switch lineage.release(shardID, at: moment, parentMayBeUnknown: parentMayBeUnknown) {
        case .unchanged: break
        case .parentIsMissing: discovery.hurry(moment + .seconds(1))
        case .released: schedule(shardID, at: moment)
        }
    }

    mutating func seekChildren(of parentID: String) {
        guard !lineage.hasChildren(parentID) else { return }
        discovery.seekChildren(of: parentID, at: now.continuous)
    }

    mutating func childrenListed(of parentID: String, _ page: StreamPage) {
        let known = lineage.cursors.count
        let found = discovery.received(
            childrenOf: parentID,
            page,
            known: known,
            at: now.continuous,
            random: &random
        )
        merge(found)
    }

    private mutating func judgeSuspects(listed: Set<String>) {
        for (shardID, isListed) in lineage.judgeSuspects(listed: listed) {
            if !isListed {
                lose(shardID, .vanished)
            } else if lineage[shardID]?.isReadToListedEnd == true {
                finish(shardID)
            }
        }
    }

    private mutating func judgeMissingParents() {
        let patience = settings.limits.missingParentPatience
        let (lost, again) = lineage.judgeMissingParents(at: now.continuous, patience: patience)
        for shardID in lost { lose(shardID, .missingParent) }
        if let again { discovery.hurry(again) }
    }

    /// Ended shards are forgotten when they are no longer listed and long over, so that a flapping listing opens none again, and
    /// when no child waits for one and nobody looks for its children. Their end is known by the wall clock too, since a process may
    /// never live as long as they are remembered.
    private mutating func forgetFinished(listed: Set<String>) {
        let (discovery, now, memory) = (discovery, now, settings.limits.finishedShardMemory)
        lineage.forgetFinished { cursor, end in
            guard !listed.contains(cursor.id), !discovery.seeksChildren(of: cursor.id) else { return false }
            return end.continuous.map { now.continuous - $0 > memory } ?? false
                || end.wallMilliseconds.map { .milliseconds(now.recordMilliseconds - $0) > memory } ?? false
        }
    }
}
