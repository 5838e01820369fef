import AWSClient
import Synchronization
import TableModel

/// A stream whose records always carry the item: where a record has no image that may be used, the item is read from the table.
///
/// A fetched item is at least as new as its record, so it may already hold what later records say. Three rules keep a key from
/// going back in time all the same:
/// - In one page a key is fetched once, and its last record alone is delivered, with what was fetched.
/// - Every later record of such a key is completed by a fetch too, also removals: each fetch is strongly consistent and later than
///   the one before, since a shard is read one page at a time and a child after its parent.
/// - What was fetched before a failure is used again only for a key without a newer record.
///
/// A fetch that fails fails the shard's read: that shard is retried, its lag grows and says why, the others go on.
final class ImageCompletion: DynamoDBStreamsAPI {
    private struct State {
        /// Every record is completed by a fetch.
        var fetchesAll: Bool
        /// Keys whose records are completed for as long as this generation lives.
        var fetched: Set<ItemKey> = []
        /// Keys that are being verified.
        var watched: Set<ItemKey> = []
        /// By shard, what an unfinished page has fetched so far.
        var partial: [String: [ItemKey: Fetched]] = [:]
    }

    private struct Fetched: Sendable {
        let item: Item?
        /// The key's last record when it was fetched.
        let upTo: SequenceNumber
    }

    /// The keys of a page that need a fetch, with the place and number of their last record.
    private struct Plan {
        var keys: [ItemKey?] = []
        var last: [ItemKey: (index: Int, number: SequenceNumber)] = [:]
        var order: [ItemKey] = []
    }

    private let streams: any DynamoDBStreamsAPI
    private let fetch: ItemFetch
    private let schema: KeySchema
    private let maximumKeys: Int
    private let state: Mutex<State>

    /// `viewType` says whether records carry the new image; nil counts as not.
    init(_ streams: any DynamoDBStreamsAPI, fetch: ItemFetch, viewType: StreamViewType?) {
        self.streams = streams
        self.fetch = fetch
        schema = fetch.schema
        maximumKeys = fetch.limits.maximumFetchedKeys
        state = Mutex(State(fetchesAll: viewType != .newImage && viewType != .newAndOldImages))
    }

    /// Completes every record of these keys from now on: the replica holds, or is about to hold, a newer state of them than the
    /// stream has told. Beyond the bound every record is completed.
    func alwaysFetch(_ keys: some Sequence<ItemKey>) { state.withLock { insert(keys, into: &$0) } }

    /// The same until `unwatch`.
    func watch(_ keys: some Sequence<ItemKey>) { state.withLock { $0.watched.formUnion(keys) } }

    /// Ends `watch`.
    func unwatch() { state.withLock { $0.watched.removeAll() } }

    private func insert(_ keys: some Sequence<ItemKey>, into state: inout State) {
        guard !state.fetchesAll else { return }
        state.fetched.formUnion(keys)
        guard state.fetched.count > maximumKeys else { return }
        state.fetchesAll = true
        state.fetched.removeAll()
    }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(AWSError) -> StreamPage {
        try await streams.describeStream(
            streamARN,
            exclusiveStartShardID: exclusiveStartShardID,
            childrenOf: childrenOf
        )
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(AWSError) -> String? {
        try await streams.getShardIterator(streamARN, shardID: shardID, start: start)
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(AWSError) -> RecordsPage {
        let page = try await streams.getRecords(iterator: iterator, shardID: shardID, limit: limit)
        guard !page.records.isEmpty else { return page }
        let plan = plan(page.records)
        guard !plan.order.isEmpty else { return page }
        var states = known(plan, shardID)
        let result = await fetch.fetch(plan.order.filter { states[$0] == nil })
        states.merge(result.states) { _, new in new }
        if let error = result.error {
            keep(states, plan, shardID)
            throw Self.retryable(error)
        }
        return RecordsPage(records: Self.complete(page.records, plan, states), nextIterator: page.nextIterator)
    }

    private func plan(_ records: [StreamRecord]) -> Plan {
        state.withLock { state in
            var plan = Plan()
            let lacking = records.filter(\.lacksImage).compactMap { try? $0.keys.key(schema: schema) }
            if !lacking.isEmpty { insert(lacking, into: &state) }
            guard state.fetchesAll || !state.fetched.isEmpty || !state.watched.isEmpty else { return plan }
            for (index, record) in records.enumerated() {
                plan.keys.append(nil)
                guard record.eventName.isKnown, let key = try? record.keys.key(schema: schema),
                    state.fetchesAll || state.fetched.contains(key) || state.watched.contains(key)
                else { continue }
                plan.keys[index] = key
                if plan.last.updateValue((index, record.sequenceNumber), forKey: key) == nil { plan.order.append(key) }
            }
            return plan
        }
    }

    /// What an earlier attempt at the page fetched, and may still be used.
    private func known(_ plan: Plan, _ shardID: String) -> [ItemKey: Item?] {
        let partial = state.withLock { $0.partial.removeValue(forKey: shardID) } ?? [:]
        var states: [ItemKey: Item?] = [:]
        for (key, fetched) in partial {
            guard let last = plan.last[key], last.number <= fetched.upTo else { continue }
            states[key] = .some(fetched.item)
        }
        return states
    }

    private func keep(_ states: [ItemKey: Item?], _ plan: Plan, _ shardID: String) {
        var partial: [ItemKey: Fetched] = [:]
        for (key, item) in states {
            if let last = plan.last[key] { partial[key] = Fetched(item: item, upTo: last.number) }
        }
        state.withLock { $0.partial[shardID] = partial }
    }

    private static func complete(
        _ records: [StreamRecord],
        _ plan: Plan,
        _ states: [ItemKey: Item?]
    ) -> [StreamRecord] {
        var completed: [StreamRecord] = []
        completed.reserveCapacity(records.count)
        for (index, record) in records.enumerated() {
            guard let key = plan.keys[index], let item = states[key] else {
                completed.append(record)
                continue
            }
            if plan.last[key]?.index == index { completed.append(record.with(image: item)) }
        }
        return completed
    }

    /// The shard itself is well, whatever the table says: nothing that a consumer would take for a gap of the stream.
    private static func retryable(_ error: AWSError) -> AWSError {
        switch error.kind {
        case .throttled, .transient, .expiredCredentials, .accessDenied, .malformed, .cancelled: error
        case .expiredIterator, .trimmed, .notFound, .fatal:
            AWSError(
                kind: .transient,
                operation: error.operation,
                subject: error.subject,
                code: error.code,
                message: error.message,
                hint: error.hint
            )
        }
    }
}

extension RecordEventName {
    fileprivate var isKnown: Bool { if case .unknown = self { false } else { true } }
}

extension StreamRecord {
    /// Says that there is an item but not which.
    fileprivate var lacksImage: Bool { newImage == nil && (eventName == .insert || eventName == .modify) }

    /// The record with the item as it was found; nil when there was none.
    fileprivate func with(image: Item?) -> StreamRecord {
        let wasRemoval = eventName == .remove
        return StreamRecord(
            eventID: eventID,
            eventName: image == nil ? .remove : wasRemoval ? .modify : eventName,
            eventVersion: eventVersion,
            keys: keys,
            newImage: image,
            oldImage: oldImage,
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: approximateCreationMilliseconds,
            userIdentity: wasRemoval && image == nil ? userIdentity : nil
        )
    }
}
