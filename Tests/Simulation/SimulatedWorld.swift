import DynamoDBClient
import TableModel

/// A table and its streams in plain values: what happened, when, and what a call would be told about it.
///
/// Times are milliseconds since the world began. Every write of the table is kept with its place in the history, and an item's
/// only attribute beside its key is that place: whoever sees an item knows which write it is.
final class SimulatedWorld {
    struct Write {
        let key: Int
        /// False for a removal.
        let isPut: Bool
        /// False for a put of an item that cannot be read.
        let isReadable: Bool
        let at: Int
        /// The write of the same key before; -1 for none.
        let previous: Int
        /// The shard that tells of it; -1 for none.
        let shard: Int
    }

    struct ModelShard {
        let id: String
        let stream: Int
        let parent: Int?
        let listedFrom: Int
        var records: [StreamRecord] = []
        var writtenAt: [Int] = []
        var isClosed = false
        var closedAt = 0
        /// Records before this index can no longer be read.
        var trimmed = 0
        var isGone = false
        /// Listings go on to show it without its end.
        var staysListedOpen = false
        /// Empty pages given at one place, heard or not: so many and no more, however often it is asked for.
        var emptyPlace = -1
        var emptyRun = 0
    }

    struct ModelIterator {
        let shard: Int
        let index: Int
        let issuedAt: Int
        /// What was written before this moment is passed over, as LATEST does.
        let slackUntil: Int
    }

    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    static let retention = 24 * 3_600_000
    static let iteratorLife = 15 * 60_000
    /// Milliseconds since 1970 UTC at which a world begins.
    static let birth: Int64 = 1_700_000_000_000

    let scenario: Scenario
    var random: SimulationRandom
    var now = 0
    /// How far the replica's wall clock is from the world's.
    var skew = 0
    var areFaultsOn = true
    var isDenied = false
    /// The shard that fails for a while, how, and since when.
    var broken: (shard: Int, how: Scenario.Breakage)?
    var brokenSince: Int?
    var shards: [ModelShard] = []
    var iterators: [ModelIterator] = []
    var writes: [Write] = []
    /// The newest write of each key; -1 for none.
    var latest: [Int]
    /// Writes by the sequence number of their record.
    var writeOfNumber: [String: Int] = [:]
    /// The table's present stream; nil while it is disabled.
    var stream: Int? = 0
    var streams = 1
    /// What happened, a line each, when it is wanted.
    var story: [String]?
    private var owner: [Int]
    private var number: Int
    private var keyItems: [Item] = []

    init(scenario: Scenario, seed: UInt64) {
        self.scenario = scenario
        random = SimulationRandom(seed: seed &+ 77)
        latest = Array(repeating: -1, count: scenario.keys)
        owner = Array(repeating: 0, count: scenario.keys)
        // Some lives see a number grow by a digit.
        number = 1_000_000 - random.below(60)
        keyItems = (0..<scenario.keys).map { Item(["id": .string("k\($0)")]) }
        openStream()
    }

    /// Adds to the story.
    func tell(_ line: @autoclosure () -> String) {
        if story != nil { story?.append("\(now) " + line()) }
    }

    /// The name of a stream.
    static func streamARN(_ stream: Int) -> String {
        "arn:aws:dynamodb:eu-central-1:000000000000:table/t/stream/\(stream)"
    }

    /// Twenty-one digits that become twenty-two at the millionth number.
    private static func digits(_ number: Int) -> String {
        let tail = String(number % 1_000_000)
        let padding = String(repeating: "0", count: 6 - tail.utf8.count)
        return (number < 1_000_000 ? "999999999999999" : "1000000000000000") + padding + tail
    }

    /// A shard's parent, whatever a listing says of it.
    func parent(of id: String) -> String? {
        Int(id.suffix(4)).flatMap { shards[$0].parent }.map { shards[$0].id }
    }

    /// Whether a shard and all its ancestors are readable.
    func isWell(_ shard: Int) -> Bool {
        var next: Int? = shard
        while let index = next {
            guard index >= 0 else { return false }
            if index == broken?.shard { return false }
            next = shards[index].parent
        }
        return true
    }

    /// Whether an ancestor of a shard never shows its end.
    func hidesEnds(before shard: Int) -> Bool {
        var next = shards[shard].parent
        while let index = next {
            if shards[index].staysListedOpen { return true }
            next = shards[index].parent
        }
        return false
    }

    /// Whether a shard, or an ancestor, gave empty pages at the place that it was read to last although there was more.
    func hidesRecords(of shard: Int) -> Bool {
        var next: Int? = shard
        while let index = next {
            if shards[index].emptyRun > 0 { return true }
            next = shards[index].parent
        }
        return false
    }

    /// Makes an open shard fail until it is mended.
    func breakShard(_ choice: Int, _ how: Scenario.Breakage) {
        let open = shards.indices.filter { !shards[$0].isClosed && shards[$0].stream == stream }
        guard !open.isEmpty else { return }
        broken = (open[choice % open.count], how)
        brokenSince = now
    }

    func mend() {
        broken = nil
        brokenSince = nil
    }

    // MARK: What happens to the table

    /// Puts an item or removes it. Removing what is not there gives no record, as in DynamoDB.
    func write(_ key: Int, isPut: Bool) {
        let previous = latest[key]
        let exists = previous >= 0 && writes[previous].isPut
        guard isPut || exists else { return }
        let place = writes.count
        let shard = stream == nil ? -1 : owner[key]
        // Choices of their own, so that the other lives stay what they are.
        var choice = SimulationRandom(seed: UInt64(place) &* 0x9E37_79B9 &+ 0xFA17)
        let isReadable = !isPut || !choice.chance(scenario.unreadablePercent)
        writes.append(
            Write(key: key, isPut: isPut, isReadable: isReadable, at: now, previous: previous, shard: shard)
        )
        latest[key] = place
        tell(
            "\(isPut ? isReadable ? "put" : "unreadable put" : "remove") k\(key) is write \(place)"
                + (stream == nil ? "" : " in \(shards[owner[key]].id)")
        )
        guard stream != nil else { return }
        number += 1 + random.below(3)
        let text = Self.digits(number)
        writeOfNumber[text] = place
        guard let sequenceNumber = SequenceNumber(text) else { preconditionFailure("digits make a number") }
        let record = StreamRecord(
            eventID: text,
            eventName: isPut ? (exists || !isReadable ? .modify : .insert) : .remove,
            eventVersion: "1.1",
            keys: keyItems[key],
            newImage: isPut && isReadable ? item(key, place) : nil,
            oldImage: nil,
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: stamp(of: place),
            userIdentity: nil,
            fault: isReadable ? nil : .newImage("unknown type")
        )
        shards[owner[key]].records.append(record)
        shards[owner[key]].writtenAt.append(now)
    }

    /// The time that the record of a write bears: milliseconds since 1970 UTC, cut to whole seconds.
    func stamp(of place: Int) -> Int64 { (Self.birth + Int64(writes[place].at)) / 1_000 * 1_000 }

    func item(_ key: Int, _ place: Int) -> Item { Item(["id": .string("k\(key)"), "write": .number(String(place))]) }

    /// Closes an open shard and shares its keys among children.
    func split(_ choice: Int, into count: Int, listedAfter delay: Int, staysListedOpen: Bool) {
        guard let stream else { return }
        let open = shards.indices.filter { !shards[$0].isClosed && shards[$0].stream == stream }
        guard !open.isEmpty else { return }
        let parent = open[choice % open.count]
        close(parent)
        shards[parent].staysListedOpen = staysListedOpen
        let first = shards.count
        for index in 0..<count { addShard(parent: parent, listedFrom: now + (index == 0 ? delay : delay / 2)) }
        for key in owner.indices where owner[key] == parent { owner[key] = first + key % count }
    }

    /// Ends the table's stream: its shards close, and writes give no records.
    func disableStream() {
        guard let stream else { return }
        for index in shards.indices where shards[index].stream == stream && !shards[index].isClosed { close(index) }
        self.stream = nil
    }

    /// Gives the table a new stream, after the old one has been disabled.
    func enableStream() {
        guard stream == nil else { return }
        stream = streams
        streams += 1
        openStream()
    }

    private func openStream() {
        let first = shards.count
        for _ in 0..<scenario.roots { addShard(parent: nil, listedFrom: now) }
        for key in owner.indices { owner[key] = first + key % scenario.roots }
    }

    private func addShard(parent: Int?, listedFrom: Int) {
        guard let stream else { return }
        let name = String(shards.count)
        let id = "shardId-" + String(repeating: "0", count: 4 - name.utf8.count) + name
        shards.append(ModelShard(id: id, stream: stream, parent: parent, listedFrom: listedFrom))
    }

    private func close(_ index: Int) {
        shards[index].isClosed = true
        shards[index].closedAt = now
    }

    /// Forgets what is older than the retention.
    func expire() {
        let horizon = now - Self.retention
        guard horizon > 0 else { return }
        for index in shards.indices {
            while shards[index].trimmed < shards[index].records.count,
                shards[index].writtenAt[shards[index].trimmed] < horizon
            {
                shards[index].trimmed += 1
            }
            if shards[index].isClosed, shards[index].closedAt < horizon { shards[index].isGone = true }
        }
    }
}
