import Basics
import DynamoDBClient
import StateStore
import Synchronization
import TableModel

/// A stream whose records always carry the item: where a record has no image that may be used, the item is read from the table.
///
/// A fetched item is at least as new as its record, so it may already hold what later records say. Three rules keep a key from
/// going back in time all the same:
/// - In one page a key is fetched once, and its last record alone is delivered, with what was fetched.
/// - Every later record of such a key is completed by a fetch too, also removals, until one comes that was stamped so long after the
///   fetch that it tells of a later write. Each fetch is strongly consistent and later than the one before, since a shard is read
///   one page at a time and a child after its parent.
/// - What was fetched before a failure is used again only for a key without a newer record.
///
/// The keys outlive the process with the saved state (`keysAhead`): its items may be newer than its positions.
///
/// A record that this release does not know, by its name or its version, is completed too: something has happened to its key.
///
/// An item that the table has and that cannot be read is delivered as a record with that fault.
///
/// A fetch that fails fails the shard's read: that shard is retried and its lag grows, while the others continue.
final class ImageCompletion: DynamoDBStreamsAPI {
    private struct State {
        /// The stream's records never have the image, so every record is completed.
        let lacksImages: Bool
        /// Keys whose records are completed.
        var ahead: KeysAhead
        /// Keys that are being verified.
        var watched: Set<ItemKey> = []
        /// By shard, what an unfinished page has fetched so far.
        var partial: [String: [ItemKey: Fetched]] = [:]

        var fetchesAll: Bool { lacksImages || ahead.isEvery }
    }

    private struct Fetched: Sendable {
        let item: TableItem
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
    private let limits: ReplicationLimits
    private let unknown: UnknownRecords
    private let state: Mutex<State>

    /// `viewType` says whether records carry the new image; nil counts as not. `ahead` are the keys of a saved state that is
    /// resumed. `unknown` hears of each record that this release does not know.
    init(
        _ streams: any DynamoDBStreamsAPI,
        fetch: ItemFetch,
        viewType: StreamViewType?,
        ahead: KeysAhead = KeysAhead(),
        unknown: UnknownRecords
    ) {
        self.streams = streams
        self.fetch = fetch
        self.unknown = unknown
        schema = fetch.schema
        limits = fetch.limits
        let lacksImages = viewType != .newImage && viewType != .newAndOldImages
        state = Mutex(State(lacksImages: lacksImages, ahead: ahead))
        // A read that was in progress when the state was saved is over.
        let latest = latestMoment()
        state.withLock { state in
            state.ahead.until = state.ahead.until.mapValues { min($0, latest) }
            forgetOld(&state)
        }
    }

    /// The keys of which the replica may hold more than the stream has told. Taken after a snapshot, it misses none of its keys.
    var keysAhead: KeysAhead { state.withLock { $0.ahead } }

    /// Whether items that were read from the table may be newer than the records that they complete.
    var holdsNewerItems: Bool { state.withLock { $0.fetchesAll || !$0.ahead.until.isEmpty } }

    /// Completes every record of these keys from now on: the replica holds, or is about to hold, a newer state of them than the
    /// stream has told. Beyond the bound every record is completed.
    func alwaysFetch(_ keys: some Sequence<ItemKey>) {
        let latest = latestMoment()
        state.withLock { state in
            insert(keys, into: &state)
            settle(keys, latest, &state)
        }
    }

    /// The same until `unwatch`, and for those of which a record comes meanwhile.
    func watch(_ keys: some Sequence<ItemKey>) { state.withLock { $0.watched.formUnion(keys) } }

    /// Ends `watch`.
    func unwatch() { state.withLock { $0.watched.removeAll() } }

    /// Begins a read of these keys: until it is settled, every record of theirs is completed.
    private func insert(_ keys: some Sequence<ItemKey>, into state: inout State) {
        guard !state.fetchesAll else { return }
        for key in keys { state.ahead.until[key] = .max }
        guard state.ahead.until.count > limits.maximumFetchedKeys else { return }
        forgetOld(&state)
        guard state.ahead.until.count > limits.maximumFetchedKeys else { return }
        state.ahead.isEvery = true
        state.ahead.until.removeAll()
    }

    /// The items of these keys were read before `moment`.
    private func settle(_ keys: some Sequence<ItemKey>, _ moment: Int64, _ state: inout State) {
        for key in keys where state.ahead.until[key] != nil { state.ahead.until[key] = moment }
    }

    /// No record from before these reads can come any more.
    private func forgetOld(_ state: inout State) {
        let horizon = latestMoment() - limits.fetchedKeyMemory.wholeMilliseconds
        state.ahead.until = state.ahead.until.filter { $0.value >= horizon }
    }

    /// The greatest stamp that the record of a write before now can have.
    private func latestMoment() -> Int64 {
        let delay = limits.recordDelay.wholeMilliseconds
        if let service = streams.serviceTime { return service.latest + delay }
        return fetch.time.wallMilliseconds() + limits.clockSkew.wholeMilliseconds + delay
    }

    /// The time of the stream's endpoint.
    var serviceTime: ServiceTime? { streams.serviceTime }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
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
    ) async throws(DynamoDBError) -> String? {
        try await streams.getShardIterator(streamARN, shardID: shardID, start: start)
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        let read = try await streams.getRecords(iterator: iterator, shardID: shardID, limit: limit)
        guard !read.records.isEmpty else { return read }
        let hasFaults = read.records.contains { $0.fault != nil }
        let page =
            hasFaults
            ? RecordsPage(records: read.records.map { $0.keyed(by: schema) }, nextIterator: read.nextIterator) : read
        let plan = plan(page.records, shardID)
        guard !plan.order.isEmpty else { return page }
        var states = known(plan, shardID)
        let result = await fetch.fetch(plan.order.filter { states[$0] == nil })
        states.merge(result.states) { _, new in new }
        let latest = latestMoment()
        state.withLock { settle(states.keys, latest, &$0) }
        if let error = result.error {
            keep(states, plan, shardID)
            throw Self.retryable(error)
        }
        return RecordsPage(records: Self.complete(page.records, plan, states), nextIterator: page.nextIterator)
    }

    private func plan(_ records: [StreamRecord], _ shardID: String) -> Plan {
        for kind in records.lazy.compactMap(\.unknownKind) { unknown.note(kind, in: shardID) }
        return state.withLock { state in
            var plan = Plan()
            let lacking = records.filter(\.needsItem).compactMap { try? $0.keys.key(schema: schema) }
            if !lacking.isEmpty { insert(lacking, into: &state) }
            guard state.fetchesAll || !state.ahead.until.isEmpty || !state.watched.isEmpty else { return plan }
            for (index, record) in records.enumerated() {
                plan.keys.append(nil)
                guard let key = try? record.keys.key(schema: schema),
                    state.fetchesAll || plan.last[key] != nil || state.watched.contains(key)
                        || state.ahead.until[key].map({ record.mayPrecede($0) }) ?? false
                else { continue }
                plan.keys[index] = key
                if plan.last.updateValue((index, record.sequenceNumber), forKey: key) == nil { plan.order.append(key) }
            }
            insert(plan.order, into: &state)
            return plan
        }
    }

    /// Items that an earlier attempt at the page fetched and that may still be used.
    private func known(_ plan: Plan, _ shardID: String) -> [ItemKey: TableItem] {
        let partial = state.withLock { $0.partial.removeValue(forKey: shardID) } ?? [:]
        var states: [ItemKey: TableItem] = [:]
        for (key, fetched) in partial {
            guard let last = plan.last[key], last.number <= fetched.upTo else { continue }
            states[key] = fetched.item
        }
        return states
    }

    private func keep(_ states: [ItemKey: TableItem], _ plan: Plan, _ shardID: String) {
        var partial: [ItemKey: Fetched] = [:]
        for (key, item) in states {
            if let last = plan.last[key] { partial[key] = Fetched(item: item, upTo: last.number) }
        }
        state.withLock { $0.partial[shardID] = partial }
    }

    private static func complete(
        _ records: [StreamRecord],
        _ plan: Plan,
        _ states: [ItemKey: TableItem]
    ) -> [StreamRecord] {
        var completed: [StreamRecord] = []
        completed.reserveCapacity(records.count)
        for (index, record) in records.enumerated() {
            guard let key = plan.keys[index], let item = states[key] else {
                completed.append(record)
                continue
            }
            if plan.last[key]?.index == index { completed.append(record.with(item)) }
        }
        return completed
    }

    /// The shard itself is well, whatever the table says: nothing that a consumer would take for a gap of the stream.
    private static func retryable(_ error: DynamoDBError) -> DynamoDBError {
        switch error.kind {
        case .throttled, .transient, .expiredCredentials, .accessDenied, .malformed, .cancelled: error
        case .expiredIterator, .trimmed, .notFound, .fatal:
            DynamoDBError(
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
