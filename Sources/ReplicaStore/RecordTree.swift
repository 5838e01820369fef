import TableModel

/// A persistent B+ tree of records, ordered by key bytes or by seq.
///
/// A copy of the value, taken with `beginVersion`, is a snapshot: from then on writes copy those nodes of their path that the
/// snapshot can reach, and hand the old ones to the `Reclaimer`. One writer; any number of readers of copies.
//
// Unchecked, because nodes are plain memory: a version's nodes are only read once a snapshot of it exists (`writable` copies them
// first), and they are freed when no snapshot can reach them (`Reclaimer`).
struct RecordTree: @unchecked Sendable {
    private(set) var root: TreeNode?
    /// How many records there are.
    private(set) var count = 0
    let order: TreeOrder
    let capacity: Int
    /// The version that writes belong to; nodes of others are copied before they change.
    private var stamp: UInt64 = 0

    /// `capacity` is the entries of a node, at least 4.
    init(order: TreeOrder, capacity: Int) {
        precondition(capacity >= 4, "a tree node has at least four entries")
        self.order = order
        self.capacity = capacity
    }

    /// From now on nodes that exist are copied before they change. Returns the stamp up to which nodes exist.
    mutating func beginVersion() -> UInt64 {
        stamp += 1
        return stamp - 1
    }

    /// The record with an equal key, valid as long as this version is.
    @inline(__always)
    func find(_ key: TreeKey) -> Unmanaged<RecordStorage>? {
        guard var node = root else { return nil }
        while !node.isLeaf { node = node.children[node.childIndex(for: key)] }
        return node.record(equalTo: key)
    }

    private func makeNode(isLeaf: Bool) -> TreeNode {
        TreeNode.make(isLeaf: isLeaf, order: order, limit: capacity, stamp: stamp)
    }

    /// The node itself when it belongs to this version, and otherwise a copy that replaces it.
    @inline(__always)
    private func writable(_ node: TreeNode, _ reclaimer: Reclaimer) -> TreeNode {
        if node.header.pointee.stamp == stamp { return node }
        let copy = node.copy(stamp: stamp)
        reclaimer.retire(block: node.block)
        return copy
    }

    // MARK: Inserting

    /// The entry that `insert` found.
    enum Insertion {
        case inserted
        /// The record with an equal key that gave way.
        case replaced(Unmanaged<RecordStorage>)
        /// The record with an equal key stayed, as `keeping` asked.
        case kept
    }

    /// A new right neighbour of the node that was entered.
    private typealias Split = (node: TreeNode, boundary: TreeNode.Boundary)

    /// Enters a record under `key`, its own, in place of one with an equal key unless `keeping` is true of that one.
    mutating func insert(
        _ record: Unmanaged<RecordStorage>,
        _ key: TreeKey,
        _ reclaimer: Reclaimer,
        keeping: (RecordStorage) -> Bool = { _ in false }
    ) -> Insertion {
        guard let top = root else {
            let leaf = makeNode(isLeaf: true)
            leaf.insert(record, at: 0)
            root = leaf
            count = 1
            return .inserted
        }
        var split: Split?
        let left = writable(top, reclaimer)
        root = left
        let result = insert(record, key, into: left, reclaimer, keeping, isRightEdge: true, &split)
        if case .inserted = result { count += 1 }
        if let split {
            let top = makeNode(isLeaf: false)
            top.insert(left, TreeNode.Boundary(seq: 0, separator: nil), at: 0)
            top.insert(split.node, split.boundary, at: 1)
            root = top
        }
        return result
    }

    private func insert(
        _ record: Unmanaged<RecordStorage>,
        _ key: TreeKey,
        into node: TreeNode,
        _ reclaimer: Reclaimer,
        _ keeping: (RecordStorage) -> Bool,
        isRightEdge: Bool,
        _ split: inout Split?
    ) -> Insertion {
        if node.isLeaf { return insert(record, key, intoLeaf: node, keeping, isRightEdge: isRightEdge, &split) }
        let index = node.childIndex(for: key)
        let child = writable(node.children[index], reclaimer)
        node.children[index] = child
        var childSplit: Split?
        let isLast = isRightEdge && index == node.count - 1
        let result = insert(record, key, into: child, reclaimer, keeping, isRightEdge: isLast, &childSplit)
        if let childSplit { enter(childSplit, into: node, at: index + 1, isRightEdge: isLast, &split) }
        return result
    }

    /// Enters a child that has split off, splitting the node when it is full.
    private func enter(
        _ child: Split,
        into node: TreeNode,
        at index: Int,
        isRightEdge: Bool,
        _ split: inout Split?
    ) {
        if !node.isFull { return node.insert(child.node, child.boundary, at: index) }
        // At the right edge the left half is not entered again: leave it full but for the one that goes right.
        let middle = isRightEdge ? node.count - 1 : node.count / 2
        let right = node.split(at: middle)
        if index > middle {
            right.0.insert(child.node, child.boundary, at: index - middle)
        } else {
            node.insert(child.node, child.boundary, at: index)
        }
        split = right
    }

    private func insert(
        _ record: Unmanaged<RecordStorage>,
        _ key: TreeKey,
        intoLeaf leaf: TreeNode,
        _ keeping: (RecordStorage) -> Bool,
        isRightEdge: Bool,
        _ split: inout Split?
    ) -> Insertion {
        let place = leaf.place(of: key)
        if place.isExact {
            let old = leaf.records[place.index]
            if old._withUnsafeGuaranteedRef(keeping) { return .kept }
            leaf.records[place.index] = record
            return .replaced(old)
        }
        if !leaf.isFull {
            leaf.insert(record, at: place.index)
            return .inserted
        }
        if isRightEdge, place.index == leaf.count {
            let right = makeNode(isLeaf: true)
            right.insert(record, at: 0)
            leaf.sharpenPrefixes()
            let boundary =
                order == .seq
                ? TreeNode.Boundary(seq: key.seq, separator: nil)
                : TreeNode.boundary(between: leaf.keyBytes(leaf.count - 1), key.bytes, stamp: stamp)
            split = (right, boundary)
            return .inserted
        }
        let middle = leaf.count / 2
        let (right, boundary) = leaf.split(at: middle)
        if place.index > middle || (place.index == middle && boundary.isAtMost(key)) {
            right.insert(record, at: place.index - middle)
        } else {
            leaf.insert(record, at: place.index)
        }
        split = (right, boundary)
        return .inserted
    }

    // MARK: Removing

    /// Takes the record with an equal key out and returns it; the caller retires it.
    mutating func remove(_ key: TreeKey, _ reclaimer: Reclaimer) -> Unmanaged<RecordStorage>? {
        guard let top = root, find(key) != nil else { return nil }
        let node = writable(top, reclaimer)
        root = node
        let removed = remove(key, from: node, reclaimer)
        count -= 1
        while let top = root, top.count == 0 || (!top.isLeaf && top.count == 1) {
            root = top.count == 0 ? nil : top.children[0]
            if top.count == 1, order == .key, let separator = top.separators[0] {
                reclaimer.retire(block: separator.block)
            }
            reclaimer.retire(block: top.block)
        }
        return removed
    }

    private func remove(
        _ key: TreeKey,
        from node: TreeNode,
        _ reclaimer: Reclaimer
    ) -> Unmanaged<RecordStorage>? {
        if node.isLeaf {
            let place = node.place(of: key)
            guard place.isExact else { return nil }
            let record = node.records[place.index]
            node.remove(at: place.index)
            return record
        }
        let index = node.childIndex(for: key)
        let child = writable(node.children[index], reclaimer)
        node.children[index] = child
        let removed = remove(key, from: child, reclaimer)
        balance(node, around: index, reclaimer)
        return removed
    }

    /// Drops an empty child, or joins a child that is less than half full with a neighbour where both fit three quarters of a
    /// node: full enough that nothing stays sparse, and loose enough that the next insert does not split it again.
    private func balance(_ node: TreeNode, around index: Int, _ reclaimer: Reclaimer) {
        let child = node.children[index]
        if child.count == 0 {
            reclaimer.retire(block: child.block)
            if order == .key, let separator = node.separators[index] { reclaimer.retire(block: separator.block) }
            node.remove(at: index)
            return
        }
        guard child.count < node.limit / 2 else { return }
        let room = node.limit * 3 / 4
        if index + 1 < node.count, child.count + node.children[index + 1].count <= room {
            join(node, index, reclaimer)
        } else if index > 0, child.count + node.children[index - 1].count <= room {
            join(node, index - 1, reclaimer)
        }
    }

    /// Moves the entries of the child after `index` into the child at `index`.
    private func join(_ node: TreeNode, _ index: Int, _ reclaimer: Reclaimer) {
        let left = writable(node.children[index], reclaimer)
        node.children[index] = left
        let right = node.children[index + 1]
        let boundary = node.boundary(index + 1)
        let seam = left.count
        left.append(contentsOf: right, 0..<right.count)
        if !left.isLeaf {
            // The right node's first boundary was never looked at in it, and is now: the parent's takes its place.
            left.prefixes[seam] = boundary.seq
            if order == .key {
                if let unused = left.separators[seam] { reclaimer.retire(block: unused.block) }
                left.separators[seam] = boundary.separator
            }
        } else if let separator = boundary.separator {
            reclaimer.retire(block: separator.block)
        }
        left.cachePrefixes()
        node.remove(at: index + 1)
        reclaimer.retire(block: right.block)
    }

    // MARK: Taking down

    /// Frees every node, and gives up the records where asked. Recursion is as deep as the tree.
    func freeNodes(andRecords: Bool) {
        if let root { RecordTree.free(root, andRecords) }
    }

    private static func free(_ node: TreeNode, _ andRecords: Bool) {
        for index in 0..<node.count {
            if !node.isLeaf {
                free(node.children[index], andRecords)
                if node.order == .key { node.separators[index]?.block.deallocate() }
            } else if andRecords {
                node.records[index].release()
            }
        }
        node.block.deallocate()
    }
}
