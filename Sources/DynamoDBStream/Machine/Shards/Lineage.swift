import Basics
import DynamoDBClient
import TableModel

/// The shards of the stream as a forest: parents, their children, and which of them may be read.
struct Lineage: Sendable {
    enum Release: Sendable, Hashable {
        /// The shard is not blocked, or its parent is still read.
        case unchanged
        /// No listing has shown the parent.
        case parentIsMissing
        case released
    }

    private(set) var cursors: [String: ShardCursor] = [:]
    private var children: [String: [String]] = [:]
    let isRestored: Bool

    /// No shards, or those of a saved state.
    init(start: StreamStart) {
        guard case .state(let state) = start else {
            isRestored = false
            return
        }
        isRestored = true
        for entry in state.shards {
            cursors[entry.shardID] = ShardCursor(entry)
            if let parentID = entry.parentID { children[parentID, default: []].append(entry.shardID) }
        }
        // Children that the state knows were found long ago.
        for parentID in children.keys { update(parentID) { $0.evidence.haveChildren(since: .zero) } }
    }

    subscript(shardID: String) -> ShardCursor? { cursors[shardID] }

    /// All shards, in an order that does not change from run to run.
    var ids: [String] { cursors.keys.sorted() }

    func children(of shardID: String) -> [String] { children[shardID] ?? [] }

    func hasChildren(_ shardID: String) -> Bool { !children(of: shardID).isEmpty }

    /// Whether a shard is read again from before the bookmark; its records are held back until its head is reached.
    var isReplaying: Bool { cursors.values.contains(where: \.isReplaying) }

    /// Whether the bookmark holds: each shard opened at LATEST has had a page with that iterator.
    var isPinned: Bool { cursors.values.allSatisfy { $0.opening == .pinned } }

    /// Changes one cursor in place.
    mutating func update(_ shardID: String, _ body: (inout ShardCursor) -> Void) {
        guard let index = cursors.index(forKey: shardID) else { return }
        body(&cursors.values[index])
    }

    mutating func updateAll(_ body: (inout ShardCursor) -> Void) {
        var index = cursors.startIndex
        while index != cursors.endIndex {
            body(&cursors.values[index])
            cursors.formIndex(after: &index)
        }
    }

    // MARK: Growth

    mutating func insert(_ cursor: ShardCursor) { cursors[cursor.id] = cursor }

    /// Enters the shard among its parent's children. True if it is the first one. `before`: when the listing before this one began.
    mutating func link(_ shard: Shard, at moment: Duration, listedBefore before: Duration?) -> Bool {
        guard let parentID = shard.parentID else { return false }
        if !children(of: parentID).contains(shard.id) { children[parentID, default: []].append(shard.id) }
        var isFirst = false
        update(parentID) { isFirst = $0.noteChild(at: moment, listedBefore: before) }
        return isFirst
    }

    /// All shards with children have had them since the first discovery.
    mutating func noteChildren(at moment: Duration) {
        for parentID in children.keys { update(parentID) { $0.evidence.haveChildren(since: moment) } }
    }

    /// Lets a blocked shard be read once nothing of its parent is missing. A parent that was never listed counts as read at the
    /// first discovery (it was trimmed); later on it is looked for first.
    mutating func release(_ shardID: String, at moment: Duration, parentMayBeUnknown: Bool) -> Release {
        guard let cursor = cursors[shardID], cursor.isBlocked else { return .unchanged }
        var complete: Duration?
        var stamp: Int64?
        if let parentID = cursor.parentID, parentID != shardID {
            if let parent = cursors[parentID] {
                guard parent.isReadToEnd else { return .unchanged }
                complete = parent.evidence.completeUntil
                stamp = parent.evidence.completeStamp
            } else if !parentMayBeUnknown {
                return .parentIsMissing
            }
        }
        update(shardID) { $0.release(at: moment, completeUntil: complete, stamp: stamp) }
        return .released
    }

    /// Brings a restored state to the present: it is made before any clock is known. A shard that ended after `recent` (milliseconds
    /// since 1970 UTC) may have more children than the state knows.
    mutating func resume(at moment: Duration, recent: Int64) {
        updateAll { cursor in
            // Counted from the machine's start, a shard would be left alone for as long as the machine has been up.
            if cursor.evidence.readableSince != nil { cursor.evidence.becomeReadable(at: moment) }
            // The process may have died between the listing of a shard's first child and of the next one.
            let isRecent = cursor.end?.wallMilliseconds.map { $0 >= recent } ?? true
            if cursor.evidence.childrenSince != nil, isRecent { cursor.evidence.haveChildren(since: moment) }
        }
    }

    // MARK: Judgements of a complete listing

    /// The blocked shards whose parent has been missing for as long as `patience`, and when to look again for the others'.
    mutating func judgeMissingParents(at moment: Duration, patience: Duration) -> (lost: [String], again: Duration?) {
        var lost: [String] = []
        var again: Duration?
        for shardID in ids {
            guard let cursor = cursors[shardID], cursor.isBlocked, let parentID = cursor.parentID,
                cursors[parentID] == nil
            else { continue }
            var since: Duration?
            update(shardID) { since = $0.noteMissingParent(at: moment) }
            if let since, moment - since >= patience {
                lost.append(shardID)
            } else {
                let next = moment + (since == nil ? .seconds(1) : .seconds(2))
                again = min(again ?? next, next)
            }
        }
        return (lost, again)
    }

    /// The shards that the service did not find, and whether the listing shows them. They are suspect no more.
    mutating func judgeSuspects(listed: Set<String>) -> [(shardID: String, isListed: Bool)] {
        let suspects = cursors.values.filter(\.isSuspect).map(\.id).sorted()
        for shardID in suspects { update(shardID) { $0.clearSuspicion() } }
        return suspects.map { ($0, listed.contains($0)) }
    }

    /// Forgets the ended shards for which `isOver` holds, unless a child waits for one.
    mutating func forgetFinished(where isOver: (ShardCursor, ShardEnd) -> Bool) {
        let gone = cursors.values.filter { cursor in
            guard case .ended(let end) = cursor.phase, isOver(cursor, end) else { return false }
            return !children(of: cursor.id).contains { cursors[$0]?.isBlocked ?? false }
        }
        for cursor in gone {
            cursors[cursor.id] = nil
            children[cursor.id] = nil
            guard let parentID = cursor.parentID else { continue }
            children[parentID]?.removeAll { $0 == cursor.id }
            if children[parentID]?.isEmpty == true { children[parentID] = nil }
        }
    }
}
