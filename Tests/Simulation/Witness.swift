import ReplicaStore
import TableModel

/// A reader of the published snapshots who forgets nothing: it reads the feed by position, as a subscriber does, and holds
/// every state of a key against what it has seen before and against the table's history.
struct Witness {
    private(set) var violations: [String] = []
    private var epoch: Epoch?
    private var seq: UInt64 = 0
    /// The newest write that readers have seen of each key; -1 for none.
    private var seen: [Int]
    /// Whether the key is there now.
    private var isPresent: [Bool]
    /// What the present epoch's feed told last of each key, and whether that had a version.
    private var told: [(write: Int, hasVersion: Bool)]
    /// The process has died since: what it had told and not saved may be told once more, as it was.
    private var mayRepeat: [Bool]
    /// The write of each key in the saved state that a process shows, until it publishes; -1 for none.
    private var shown: [Int]?

    init(keys: Int) {
        seen = Array(repeating: -1, count: keys)
        isPresent = Array(repeating: false, count: keys)
        told = Array(repeating: (-1, false), count: keys)
        mayRepeat = Array(repeating: false, count: keys)
    }

    /// The process died, and another one has taken its state over.
    mutating func survive() { for key in mayRepeat.indices { mayRepeat[key] = true } }

    /// The process died: what it showed is no promise of the next one, whose state may be older.
    mutating func forgetShown() { shown = nil }

    /// A process shows a saved state before anything else.
    mutating func show(_ snapshot: StoreSnapshot, _ world: SimulatedWorld) {
        read(snapshot, world)
        shown = present(in: snapshot, world)
    }

    /// Every key must be at least as new as in the saved state that was shown.
    private mutating func judgeShown(_ snapshot: StoreSnapshot, _ world: SimulatedWorld) {
        guard let before = shown else { return }
        shown = nil
        let now = present(in: snapshot, world)
        for key in before.indices where before[key] >= 0 && now[key] < before[key] {
            if now[key] < 0, removal(of: key, from: before[key], world) != nil { continue }
            accuse("k\(key) was shown as write \(before[key]) and is write \(now[key]) later")
        }
    }

    /// The write of each key that is there.
    private func present(in snapshot: StoreSnapshot, _ world: SimulatedWorld) -> [Int] {
        var present = Array(repeating: -1, count: seen.count)
        snapshot.forEachChange(after: 0) { record in
            let key = record.withKeyBytes { Int($0[1]) - 48 }
            if !record.isTombstone || record.isUnreadable { present[key] = write(of: record, world) }
            return true
        }
        return present
    }

    mutating func accuse(_ violation: String) { if violations.count < 5 { violations.append(violation) } }

    /// Reads what a new snapshot adds.
    mutating func read(_ snapshot: StoreSnapshot, _ world: SimulatedWorld) {
        judgeShown(snapshot, world)
        let position = snapshot.position
        let isNew = position.epoch != epoch
        if isNew {
            // What a subscriber is told with a reset: forget everything, these are the rows.
            epoch = position.epoch
            seq = 0
            for key in told.indices {
                told[key] = (-1, false)
                isPresent[key] = false
            }
        }
        if position.seq < seq { accuse("the position went back from \(seq) to \(position.seq)") }
        var last = seq
        var problems: [String] = []
        snapshot.forEachChange(after: seq) { record in
            if record.seq <= last { problems.append("id \(record.seq) came after \(last)") }
            last = record.seq
            take(record, world, &problems)
            return true
        }
        if last > position.seq { problems.append("id \(last) is beyond the position \(position.seq)") }
        for problem in problems { accuse(problem) }
        seq = position.seq
        if isNew { judgeAbsent(world) }
    }

    private mutating func take(_ record: ItemRecord, _ world: SimulatedWorld, _ problems: inout [String]) {
        // "k" and a digit begin every key.
        let key = record.withKeyBytes { Int($0[1]) - 48 }
        let write = write(of: record, world)
        let isThere = !record.isTombstone || record.isUnreadable
        guard write >= 0, write < world.writes.count, world.writes[write].key == key,
            world.writes[write].isPut == isThere, world.writes[write].isReadable == !record.isUnreadable
        else {
            problems.append("k\(key) shows what was never written to it")
            return
        }
        if write < seen[key] { problems.append("k\(key) went back from write \(seen[key]) to write \(write)") }
        let before = told[key]
        // A scan row has no version, so the feed may say once more, with its version, what the row was.
        let isConfirmation = write == before.write && !before.hasVersion && record.version != nil
        let isRepetition = write == before.write && mayRepeat[key]
        mayRepeat[key] = false
        if write <= before.write, !isConfirmation, !isRepetition {
            problems.append("k\(key) told write \(write) after \(before.write)")
        }
        told[key] = (write, record.version != nil)
        seen[key] = max(seen[key], write)
        isPresent[key] = isThere
    }

    /// The write that a record stands for; -1 for none.
    private func write(of record: ItemRecord, _ world: SimulatedWorld) -> Int {
        if let version = record.version, let known = world.writeOfNumber[Saboteur.original(version)] { return known }
        if record.isUnreadable { return Int(record.at) }
        guard !record.isTombstone,
            case .number(let text) = record.withPackedItem({ Item(packed: [UInt8]($0)) })["write"]
        else { return -1 }
        return Int(text) ?? -1
    }

    /// A rebuilt replica has no word of an absent key: it must have been removed since it was last seen.
    private mutating func judgeAbsent(_ world: SimulatedWorld) {
        for key in seen.indices where told[key].write < 0 && seen[key] >= 0 {
            if let removal = removal(of: key, from: seen[key], world) {
                seen[key] = removal
            } else {
                accuse("k\(key) was seen as write \(seen[key]) and is gone although it was not removed")
            }
        }
    }

    /// Every record of the stream that bears `stamp` or an earlier time must be in the contents, unless the world's stream hides it: behind
    /// empty pages, in a shard or in the one before it. And nobody can know of the children of a shard that never shows its end, as some emulators have them, before the
    /// next listing.
    mutating func judge(completeStamp stamp: Int64, _ snapshot: StoreSnapshot, of stream: Int, _ world: SimulatedWorld)
    {
        var newest = Array(repeating: -1, count: seen.count)
        snapshot.forEachChange(after: 0) { record in
            newest[record.withKeyBytes { Int($0[1]) - 48 }] = write(of: record, world)
            return true
        }
        for key in seen.indices {
            var place = world.latest[key]
            while place >= 0, world.stamp(of: place) > stamp { place = world.writes[place].previous }
            guard place > newest[key], world.writes[place].shard >= 0,
                world.shards[world.writes[place].shard].stream == stream,
                !world.hidesEnds(before: world.writes[place].shard), !world.hidesRecords(of: world.writes[place].shard)
            else { continue }
            // The scan found no row where the key was removed before it.
            if newest[key] < 0, !world.writes[place].isPut { continue }
            accuse(
                "complete up to \(stamp) at \(world.now) without write \(place) of k\(key), which bears "
                    + "\(world.stamp(of: place))"
            )
        }
    }

    /// The first removal of a key among its writes from `place` on.
    private func removal(of key: Int, from first: Int, _ world: SimulatedWorld) -> Int? {
        var place = world.latest[key]
        var removal: Int?
        while place >= first, place >= 0 {
            if !world.writes[place].isPut { removal = place }
            place = world.writes[place].previous
        }
        return removal
    }

    /// The replica must be the table: what readers once saw can have been lost with a process.
    mutating func compare(_ snapshot: StoreSnapshot, _ world: SimulatedWorld) {
        let present = present(in: snapshot, world)
        for key in seen.indices {
            let place = world.latest[key]
            let expected = place >= 0 && world.writes[place].isPut ? place : -1
            if present[key] != expected { accuse("k\(key) is write \(present[key]) in the end, not \(expected)") }
        }
    }

    /// Every write between the moments must be there that was made in a shard which is well, as its ancestors are.
    mutating func demand(healthyBefore moment: Int, after begin: Int, _ world: SimulatedWorld) {
        for key in seen.indices {
            var place = world.latest[key]
            while place >= 0, world.writes[place].at > moment || !world.isWell(world.writes[place].shard) {
                place = world.writes[place].previous
            }
            guard place > seen[key], world.writes[place].at > begin else { continue }
            accuse(
                "write \(place) of k\(key), \(world.now - world.writes[place].at) ms old, is missing while another shard fails"
            )
        }
    }

    /// Every write older than `moment` must be there.
    mutating func demand(everythingBefore moment: Int, _ world: SimulatedWorld, _ claim: String) {
        for key in seen.indices {
            var place = world.latest[key]
            while place >= 0, world.writes[place].at > moment { place = world.writes[place].previous }
            guard place > seen[key] else { continue }
            if !isPresent[key], let removal = removal(of: key, from: place, world) {
                seen[key] = removal
                continue
            }
            accuse(
                "\(claim) at \(world.now) while write \(place) of k\(key), \(world.now - world.writes[place].at) ms old, "
                    + "is missing"
            )
        }
    }
}
