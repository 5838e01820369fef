import Basics
package import DynamoDBClient
package import TableModel

/// A table and its stream as a value: shards with lineage, records, iterators with an age, trims, listing lag, faults. Time is
/// told, randomness is seeded, so a run is repeated by repeating its inputs.
package struct StreamModel: Sendable {
    /// One shard, and what the model knows about it beyond what a listing shows.
    package struct ModelShard: Sendable {
        package let id: String
        package let parentID: String?
        package var records: [StreamRecord] = []
        /// When each record was written.
        package var writtenAt: [Duration] = []
        package var isClosed = false
        /// Records before this index have been trimmed.
        package var trimmed = 0
        /// When listings begin to show it.
        package var listedFrom: Duration
        package var isGone = false
        /// Empty pages given in a row although there were records.
        package var emptyRun = 0
        /// Listings go on to show it as open.
        package var staysListedOpen = false
    }

    /// What the table holds: the value of each key.
    package var table: [String: String] = [:]
    package var shards: [String: ModelShard] = [:]
    /// Shard ids in the order in which listings show them.
    package var order: [String] = []
    package var now: Duration = .zero
    package var status: StreamStatus = .enabled
    package var streamARN = "arn:aws:dynamodb:eu-central-1:000000000000:table/demo/stream/2026-01-01T00:00:00.000"
    package var viewType: StreamViewType = .newAndOldImages

    /// Shards per page of a listing.
    package var listingPage = 100
    /// How old an iterator may be.
    package var iteratorLife: Duration = .seconds(900)
    /// What is written within this time after a LATEST iterator was made may be missed by it.
    package var latestSlack: Duration = .zero
    /// Chances, 0...1, of an empty page before the head (four in a row at most, as observed of DynamoDB), and of a record being
    /// sent again.
    package var emptyPages = 0.0
    package var repeats = 0.0
    /// Answers ShardFilter as if it had not been asked.
    package var ignoresFilter = false
    /// Errors for coming calls, by operation or by "operation subject"; the first one is used up by one call.
    package var faults: [String: [DynamoDBError]] = [:]
    /// Errors for every call, by the same names.
    package var outages: [String: DynamoDBError] = [:]
    /// Every call: its moment and what it was.
    package var calls: [(at: Duration, call: String)] = []
    /// The last sequence number given.
    package var lastSequence: UInt64 = 10_000
    /// What precedes the digits of a sequence number.
    package var sequencePrefix = "10000000000000000"

    private var generator: SplitMix64

    package init(seed: UInt64 = 1) { generator = SplitMix64(seed: seed) }

    /// Shards from a literal: `"A! C<A D<C"` is a closed A, its child C, and C's child D. Listed in that order.
    package init(_ topology: String, seed: UInt64 = 1) {
        self.init(seed: seed)
        for word in topology.split(separator: " ") {
            let isClosed = word.hasSuffix("!")
            let parts = word.drop(while: { $0 == " " }).split(separator: "<")
            let clean = parts.map { String($0.filter { $0 != "!" }) }
            add(clean[0], parent: clean.count > 1 ? clean[1] : nil)
            shards[clean[0]]?.isClosed = isClosed
        }
    }

    package var wallMilliseconds: Int64 {
        1_700_000_000_000 + now.wholeMilliseconds
    }

    package mutating func random() -> Double {
        generator.fraction()
    }

    package mutating func random(_ count: Int) -> Int { Int(random() * Double(count)) }

    // MARK: What happens to the table and its shards

    package mutating func add(_ id: String, parent: String? = nil, listedAfter delay: Duration = .zero) {
        shards[id] = ModelShard(id: id, parentID: parent, listedFrom: now + delay)
        order.append(id)
    }

    package mutating func close(_ id: String) { shards[id]?.isClosed = true }

    /// Closes a shard and opens its children.
    package mutating func split(_ id: String, into children: [String], listedAfter delay: Duration = .zero) {
        close(id)
        for child in children { add(child, parent: id, listedAfter: delay) }
    }

    /// Forgets a shard's records before `count`.
    package mutating func trim(_ id: String, to count: Int) { shards[id]?.trimmed = count }

    package mutating func remove(_ id: String) {
        shards[id]?.isGone = true
        order.removeAll { $0 == id }
    }

    /// Writes to the shard that owns the key now; nil removes. A removal of what is not there gives no record.
    package mutating func write(_ key: String, _ value: String?) {
        guard let shard = owner(of: key) else { return }
        write(key, value, in: shard)
    }

    /// Writes to a shard by name.
    package mutating func write(_ key: String, _ value: String?, in shard: String) {
        let old = table[key]
        guard value != nil || old != nil else { return }
        guard value != old else { return }
        table[key] = value
        lastSequence += 1 + UInt64(random(3))
        let name: RecordEventName = value == nil ? .remove : old == nil ? .insert : .modify
        append(record(key, value, name: name), to: shard)
    }

    package func record(
        _ key: String,
        _ value: String?,
        name: RecordEventName,
        identity: UserIdentity? = nil
    ) -> StreamRecord {
        let digits = sequencePrefix + String(lastSequence)
        return StreamRecord(
            eventID: "event-\(lastSequence)",
            eventName: name,
            eventVersion: "1.1",
            keys: Item(["id": .string(key)]),
            newImage: value.map { Item(["id": .string(key), "value": .string($0)]) },
            oldImage: nil,
            // Digits only, by construction.
            sequenceNumber: SequenceNumber(digits) ?? StreamModel.zero,
            approximateCreationMilliseconds: wallMilliseconds / 1_000 * 1_000,
            userIdentity: identity
        )
    }

    package mutating func append(_ record: StreamRecord, to shard: String) {
        shards[shard]?.records.append(record)
        shards[shard]?.writtenAt.append(now)
    }

    /// The open shard at the end of the key's lineage.
    package func owner(of key: String) -> String? {
        let roots = shards.values.filter { $0.parentID == nil }.map(\.id).sorted()
        guard !roots.isEmpty else { return nil }
        var place = key.utf8.reduce(UInt64(17)) { ($0 &* 31) &+ UInt64($1) }
        var shard = roots[Int(place % UInt64(roots.count))]
        while shards[shard]?.isClosed == true {
            let children = shards.values.filter { $0.parentID == shard }.map(\.id).sorted()
            guard !children.isEmpty else { return nil }
            place = place &* 0x9E37_79B9_7F4A_7C15 &+ 7
            shard = children[Int((place >> 33) % UInt64(children.count))]
        }
        return shard
    }

    package static let zero: SequenceNumber = {
        guard let zero = SequenceNumber("0") else { preconditionFailure("0 is a sequence number") }
        return zero
    }()
}
