import DynamoDBClient
import DynamoDBStream
import TableModel

/// Bugs of the package that this one grew out of, and of others, each to be planted alone.
package enum Mutation: String, CaseIterable, Sendable {
    /// A child shard is opened at LATEST.
    case childOpenedAtLatest
    /// Only the first page of DescribeStream is seen.
    case firstListingPageOnly
    /// The records that come with a null NextShardIterator are dropped.
    case lastRecordsDropped
    /// A shard whose iterator has expired is opened again at LATEST.
    case expiredReopenedAtLatest
    /// Shards are read without regard to their parents.
    case childBeforeParent
    /// A row of the scan overwrites what the stream said.
    case scanRowWins
    /// A removal of what is not there yet leaves nothing behind.
    case tombstoneIgnored
    /// Ready as soon as any shard has answered with an empty page.
    case readyAtFirstEmptyPage
    /// An empty page is taken as the end of its shard.
    case emptyPageIsTheEnd
    /// Sequence numbers are compared as texts.
    case lexicographicNumbers
    /// Positions advance although the consumer has stopped.
    case positionBeforeDelivery
    /// Trimmed data is skipped without a word.
    case trimmedDataSkipped
    /// One shard's failure throws away what other shards' calls in flight return.
    case failureLosesOtherShards
    /// A malformed answer is taken as the end of its shard.
    case malformedIsTheEnd
    /// Closed shards are not read when they are first seen closed.
    case closedShardsSkipped
    /// The table is read eventually consistently.
    case eventuallyConsistentScan
    /// The bookmark is taken when the scan has ended.
    case bookmarkAfterScan
    /// Readers see what is replayed from before the bookmark.
    case publishesReplay
    /// While a shard without a record seeks an iterator for its beginning, nothing of any shard is published.
    case failureWithholdsAll
    /// Records are applied whatever version the key has.
    case versionsIgnored
    /// An item that cannot be read is taken for a removed one.
    case unreadableIsRemoved
    /// The positions are saved with a snapshot that does not hold yet what they cover.
    case savedAheadOfApplied
    /// A saved state that is shown while the table cannot be described is called live.
    case savedStateIsLive
}

/// Plants one mutation: edits what the machine is told, what it wants, or what the store is given.
struct Saboteur {
    let mutation: Mutation?
    private(set) var sawEmptyPage = false
    private var doomed: Set<String> = []
    private var originals: [String: SequenceNumber] = [:]
    private var failed = false
    private var heard: Set<String> = []
    private var seeking: Set<String> = []

    /// Whether the old rule would publish nothing now.
    var withholds: Bool { !seeking.isEmpty }
    private var known: Set<String> = []

    init(_ mutation: Mutation?) { self.mutation = mutation }

    mutating func edit(_ action: StreamAction) -> StreamAction {
        guard let mutation, case .getIterator(let shardID, let start) = action else { return action }
        switch (mutation, start) {
        case (.childOpenedAtLatest, .trimHorizon): return .getIterator(shardID: shardID, start: .latest)
        case (.expiredReopenedAtLatest, _) where doomed.remove(shardID) != nil:
            return .getIterator(shardID: shardID, start: .latest)
        case (.trimmedDataSkipped, _) where doomed.remove(shardID) != nil:
            return .getIterator(shardID: shardID, start: .trimHorizon)
        case (.lexicographicNumbers, .after(let number)):
            return .getIterator(shardID: shardID, start: .after(originals[number.text] ?? number))
        default: return action
        }
    }

    mutating func edit(_ input: StreamInput) -> StreamInput {
        guard let mutation else { return input }
        switch (mutation, input) {
        case (.firstListingPageOnly, .listed(let page)): return .listed(changed(page, next: nil) { $0 })
        case (.childBeforeParent, .listed(let page)):
            return .listed(changed(page, next: page.lastEvaluatedShardID, orphan))
        case (.childBeforeParent, .childrenListed(let parent, let page)):
            return .childrenListed(of: parent, changed(page, next: page.lastEvaluatedShardID) { $0 })
        case (.closedShardsSkipped, .listed(let page)):
            for shard in page.shards where shard.endingSequenceNumber == nil { known.insert(shard.id) }
            // What is skipped is not waited for either: a missing parent would be noticed.
            let shards = page.shards.filter { known.contains($0.id) }
                .map { shard in shard.parentID.map(known.contains) ?? true ? shard : orphan(shard) }
            return .listed(with(page, shards))
        case (.closedShardsSkipped, .childrenListed(let parent, let page)):
            for shard in page.shards where shard.endingSequenceNumber == nil { known.insert(shard.id) }
            return .childrenListed(of: parent, with(page, page.shards.filter { $0.endingSequenceNumber == nil }))
        case (.failureWithholdsAll, .records(let shardID, let page)):
            if page.records.isEmpty { seeking.remove(shardID) } else { heard.insert(shardID) }
            return input
        case (.failureWithholdsAll, .recordsFailed(let shardID, let error)):
            let isLost = [.fatal, .notFound, .expiredIterator].contains(error.kind)
            if isLost, !heard.contains(shardID) { seeking.insert(shardID) }
            return input
        case (_, .records(let shardID, let page)): return .records(shardID: shardID, edit(page, of: shardID, mutation))
        case (.expiredReopenedAtLatest, .recordsFailed(let shardID, let error)) where error.kind == .expiredIterator:
            doomed.insert(shardID)
            return input
        case (.trimmedDataSkipped, .recordsFailed(let shardID, let error)) where error.kind == .trimmed:
            doomed.insert(shardID)
            return .recordsFailed(shardID: shardID, SimulatedWorld.error(.expiredIterator, "GetRecords"))
        case (.trimmedDataSkipped, .iteratorFailed(let shardID, let error)) where error.kind == .trimmed:
            doomed.insert(shardID)
            return .iteratorFailed(shardID: shardID, SimulatedWorld.error(.transient, "GetShardIterator"))
        case (.malformedIsTheEnd, .recordsFailed(let shardID, let error)) where error.kind == .malformed:
            return .records(shardID: shardID, RecordsPage(records: [], nextIterator: nil))
        case (.failureLosesOtherShards, .recordsFailed):
            failed = true
            return input
        default: return input
        }
    }

    private mutating func edit(_ page: RecordsPage, of shardID: String, _ mutation: Mutation) -> RecordsPage {
        switch mutation {
        case .lastRecordsDropped where page.nextIterator == nil: return RecordsPage(records: [], nextIterator: nil)
        case .emptyPageIsTheEnd where page.records.isEmpty: return RecordsPage(records: [], nextIterator: nil)
        case .readyAtFirstEmptyPage:
            if page.records.isEmpty { sawEmptyPage = true }
            return page
        case .failureLosesOtherShards where failed:
            failed = false
            return RecordsPage(records: [], nextIterator: page.nextIterator)
        case .lexicographicNumbers:
            return RecordsPage(records: page.records.map { lexicographic($0) }, nextIterator: page.nextIterator)
        default: return page
        }
    }

    /// A number whose numeric order is the textual order of the original.
    private mutating func lexicographic(_ record: StreamRecord) -> StreamRecord {
        let text = record.sequenceNumber.text
        let padded = text + String(repeating: "0", count: 40 - text.utf8.count)
        guard let number = SequenceNumber(padded) else { return record }
        originals[padded] = record.sequenceNumber
        return StreamRecord(
            eventID: record.eventID,
            eventName: record.eventName,
            eventVersion: record.eventVersion,
            keys: record.keys,
            newImage: record.newImage,
            oldImage: record.oldImage,
            sequenceNumber: number,
            approximateCreationMilliseconds: record.approximateCreationMilliseconds,
            userIdentity: record.userIdentity,
            fault: record.fault
        )
    }

    /// The digits that the world gave: what begins with a 9 had 21 of them, the rest one more.
    static func original(_ version: String) -> String {
        version.utf8.count == 40 ? String(version.prefix(version.hasPrefix("9") ? 21 : 22)) : version
    }

    func edit(_ outcome: DeliveryOutcome) -> DeliveryOutcome { mutation == .positionBeforeDelivery ? .taken : outcome }

    private func orphan(_ shard: Shard) -> Shard {
        Shard(
            id: shard.id,
            parentID: nil,
            startingSequenceNumber: shard.startingSequenceNumber,
            endingSequenceNumber: shard.endingSequenceNumber
        )
    }

    private func with(_ page: StreamPage, _ shards: [Shard]) -> StreamPage {
        StreamPage(
            streamARN: page.streamARN,
            status: page.status,
            viewType: page.viewType,
            tableName: page.tableName,
            shards: shards,
            lastEvaluatedShardID: page.lastEvaluatedShardID
        )
    }

    private func changed(_ page: StreamPage, next: String?, _ edit: (Shard) -> Shard) -> StreamPage {
        StreamPage(
            streamARN: page.streamARN,
            status: page.status,
            viewType: page.viewType,
            tableName: page.tableName,
            shards: page.shards.map(edit),
            lastEvaluatedShardID: next
        )
    }
}
