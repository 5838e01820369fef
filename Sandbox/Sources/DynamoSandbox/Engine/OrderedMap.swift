/// A map in key order, made of sorted leaves: an insertion moves one leaf, a page is read without copying anything.
struct OrderedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    /// The place of an entry. Valid until the map changes.
    struct Cursor: Comparable {
        var leaf: Int
        var slot: Int

        static func < (left: Cursor, right: Cursor) -> Bool { (left.leaf, left.slot) < (right.leaf, right.slot) }
    }

    private struct Leaf {
        var keys: [Key]
        var values: [Value]
    }

    /// A leaf splits in two halves when it would hold more.
    private static var leafCapacity: Int { 256 }

    /// Never empty but for an empty map, and in order.
    private var leaves: [Leaf] = []
    private(set) var count = 0

    var start: Cursor { Cursor(leaf: 0, slot: 0) }
    var end: Cursor { Cursor(leaf: leaves.count, slot: 0) }

    subscript(cursor: Cursor) -> (key: Key, value: Value) {
        let leaf = leaves[cursor.leaf]
        return (leaf.keys[cursor.slot], leaf.values[cursor.slot])
    }

    subscript(key: Key) -> Value? {
        let cursor = lowerBound(key)
        guard cursor < end, leaves[cursor.leaf].keys[cursor.slot] == key else { return nil }
        return leaves[cursor.leaf].values[cursor.slot]
    }

    func after(_ cursor: Cursor) -> Cursor {
        cursor.slot + 1 < leaves[cursor.leaf].keys.count
            ? Cursor(leaf: cursor.leaf, slot: cursor.slot + 1) : Cursor(leaf: cursor.leaf + 1, slot: 0)
    }

    func before(_ cursor: Cursor) -> Cursor {
        cursor.slot > 0
            ? Cursor(leaf: cursor.leaf, slot: cursor.slot - 1)
            : Cursor(leaf: cursor.leaf - 1, slot: leaves[cursor.leaf - 1].keys.count - 1)
    }

    /// The first entry whose key is `key` or greater.
    func lowerBound(_ key: Key) -> Cursor { firstEntry { $0 < key } }

    /// The first entry whose key is greater than `key`.
    func upperBound(_ key: Key) -> Cursor { firstEntry { !(key < $0) } }

    /// Sets a value, and gives back the one it replaces.
    @discardableResult
    mutating func set(_ key: Key, _ value: Value) -> Value? {
        guard !leaves.isEmpty else {
            leaves.append(Leaf(keys: [key], values: [value]))
            count = 1
            return nil
        }
        var cursor = lowerBound(key)
        if cursor == end { cursor = Cursor(leaf: leaves.count - 1, slot: leaves[leaves.count - 1].keys.count) }
        if cursor.slot < leaves[cursor.leaf].keys.count, leaves[cursor.leaf].keys[cursor.slot] == key {
            let old = leaves[cursor.leaf].values[cursor.slot]
            leaves[cursor.leaf].values[cursor.slot] = value
            return old
        }
        leaves[cursor.leaf].keys.insert(key, at: cursor.slot)
        leaves[cursor.leaf].values.insert(value, at: cursor.slot)
        count += 1
        if leaves[cursor.leaf].keys.count > Self.leafCapacity { split(cursor.leaf) }
        return nil
    }

    /// Removes an entry, and gives back its value.
    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        let cursor = lowerBound(key)
        guard cursor < end, leaves[cursor.leaf].keys[cursor.slot] == key else { return nil }
        leaves[cursor.leaf].keys.remove(at: cursor.slot)
        let old = leaves[cursor.leaf].values.remove(at: cursor.slot)
        if leaves[cursor.leaf].keys.isEmpty { leaves.remove(at: cursor.leaf) }
        count -= 1
        return old
    }

    private mutating func split(_ index: Int) {
        let half = leaves[index].keys.count / 2
        let upper = Leaf(keys: Array(leaves[index].keys[half...]), values: Array(leaves[index].values[half...]))
        leaves[index].keys.removeSubrange(half...)
        leaves[index].values.removeSubrange(half...)
        leaves.insert(upper, at: index + 1)
    }

    /// The first entry for which `isBefore` is false; it must be true for a prefix of the keys only.
    private func firstEntry(_ isBefore: (Key) -> Bool) -> Cursor {
        var low = 0
        var high = leaves.count
        while low < high {
            let middle = (low + high) / 2
            let keys = leaves[middle].keys
            if isBefore(keys[keys.count - 1]) { low = middle + 1 } else { high = middle }
        }
        guard low < leaves.count else { return end }
        let keys = leaves[low].keys
        var first = 0
        var last = keys.count
        while first < last {
            let middle = (first + last) / 2
            if isBefore(keys[middle]) { first = middle + 1 } else { last = middle }
        }
        return Cursor(leaf: low, slot: first)
    }
}
