import Basics
import DynamoDBClient

extension StreamMachine {
    /// An ended shard's writes go on in its children, so they are looked for at once.
    mutating func seekChildren(of parentID: String) {
        guard (children[parentID] ?? []).isEmpty, discovery.status != .disabled else { return }
        guard !discovery.filterIsUnsupported else {
            discovery.hurry(now.continuous)
            return
        }
        guard !discovery.childQueries.contains(where: { $0.parentID == parentID }) else { return }
        discovery.childQueries.append(Discovery.ChildQuery(parentID: parentID, dueAt: now.continuous))
    }

    mutating func childrenListed(of parentID: String, _ page: StreamPage) {
        discovery.isInFlight = false
        discovery.status = page.status
        let found = page.shards.filter { $0.parentID == parentID }
        // An endpoint that ignores the filter answers with everything.
        if found.count != page.shards.count { discovery.filterIsUnsupported = true }
        guard cursors.count + found.count <= settings.limits.shards else {
            childrenFailed(of: parentID, tooManyShards(page.streamARN))
            return
        }
        guard found.isEmpty else {
            discovery.childQueries.removeAll { $0.parentID == parentID }
            merge(found)
            // A listing that shows one child may show its sibling only a moment later.
            if page.lastEvaluatedShardID != nil { discovery.isIncomplete = true }
            discovery.hurry(now.continuous + (discovery.isIncomplete ? .zero : .seconds(2)))
            return
        }
        askAgain(for: parentID)
    }

    mutating func childrenFailed(of parentID: String, _ error: DynamoDBError) {
        discovery.isInFlight = false
        guard error.kind != .cancelled else { return }
        if error.kind == .fatal { discovery.filterIsUnsupported = true }
        askAgain(for: parentID)
    }

    /// Children may be listed a little later than their parent ends. After some tries the full listing takes over.
    private mutating func askAgain(for parentID: String) {
        guard let index = discovery.childQueries.firstIndex(where: { $0.parentID == parentID }) else { return }
        discovery.childQueries[index].attempts += 1
        let attempts = discovery.childQueries[index].attempts
        let isHopeless = discovery.status == .disabled || discovery.filterIsUnsupported
        guard !isHopeless, attempts < settings.limits.childQueryAttempts else {
            discovery.childQueries.remove(at: index)
            if discovery.status != .disabled { discovery.hurry(now.continuous) }
            return
        }
        let wait = settings.limits.backoff.wait(failures: attempts, fraction: random.fraction())
        discovery.childQueries[index].dueAt = now.continuous + min(wait, .seconds(1))
    }
}
