import TableModel

/// A persistent B+ tree of records, ordered by key bytes or by seq.
///
/// A copy of the value is a snapshot and costs nothing: writes copy those nodes of their path that a copy still shares. One
/// writer; any number of readers of copies.
struct RecordTree {
    private(set) var root: TreeNode?
    /// How many records there are.
    private(set) var count = 0
    let order: TreeOrder
    let capacity: Int

    /// `capacity` is the entries of a node, at least 4.
    init(order: TreeOrder, capacity: Int) {
        precondition(capacity >= 4, "a tree node has at least four entries")
        self.order = order
        self.capacity = capacity
    }

    /// What `insert` found.
    enum Insertion {
        case inserted
        /// The record with an equal key that gave way.
        case replaced(RecordStorage)
        /// The record with an equal key that stayed, as `keeping` asked.
        case kept
    }

    private func key(of record: RecordStorage) -> TreeKey {
        order == .key ? TreeKey(bytes: record.keyBytes) : TreeKey(seq: record.header.seq)
    }

    // MARK: Reading

    /// The record with an equal key.
    func find(_ key: TreeKey) -> RecordStorage? {
        guard var node = root else { return nil }
        while !node.isLeaf { node = node.children[node.childIndex(for: key)] }
        let place = node.place(of: key)
        return place.isExact ? node.records[place.index] : nil
    }

    // MARK: Writing

    /// Enters a record, in place of one with an equal key unless `keeping` is true of that one.
    mutating func insert(
        _ record: RecordStorage,
        keeping: (RecordStorage) -> Bool = { _ in false }
    ) -> Insertion {
        guard root != nil else {
            let leaf = TreeNode.make(isLeaf: true, order: order, limit: capacity)
            leaf.insert(record, at: 0)
            root = leaf
            count = 1
            return .inserted
        }
        var split: (TreeNode, TreeNode.Boundary)?
        let result = RecordTree.insert(record, key(of: record), &root, keeping, isRightEdge: true, &split)
        if case .inserted = result { count += 1 }
        if let (right, boundary) = split, let left = root {
            let top = TreeNode.make(isLeaf: false, order: order, limit: capacity)
            top.insert(left, TreeNode.Boundary(seq: 0, separator: nil), at: 0)
            top.insert(right, boundary, at: 1)
            root = top
        }
        return result
    }

    private static func insert(
        _ record: RecordStorage,
        _ key: TreeKey,
        _ slot: inout TreeNode?,
        _ keeping: (RecordStorage) -> Bool,
        isRightEdge: Bool,
        _ split: inout (TreeNode, TreeNode.Boundary)?
    ) -> Insertion {
        if !isKnownUniquelyReferenced(&slot) { slot = slot?.copy() }
        guard let node = slot else { return .kept }
        return insert(record, key, into: node, keeping, isRightEdge: isRightEdge, &split)
    }

    private static func insert(
        _ record: RecordStorage,
        _ key: TreeKey,
        into node: TreeNode,
        _ keeping: (RecordStorage) -> Bool,
        isRightEdge: Bool,
        _ split: inout (TreeNode, TreeNode.Boundary)?
    ) -> Insertion {
        if node.isLeaf {
            return insert(record, key, intoLeaf: node, keeping, isRightEdge: isRightEdge, &split)
        }
        let index = node.childIndex(for: key)
        makeUnique(node.children + index)
        var childSplit: (TreeNode, TreeNode.Boundary)?
        let isLast = isRightEdge && index == node.count - 1
        let result = insert(record, key, into: node.children[index], keeping, isRightEdge: isLast, &childSplit)
        guard let (child, boundary) = childSplit else { return result }
        if !node.isFull {
            node.insert(child, boundary, at: index + 1)
            return result
        }
        // At the right edge the left half is never entered again: leave it full but for what an inner node needs.
        let middle = isLast ? node.count - 1 : node.count / 2
        let (right, rightBoundary) = node.split(at: middle)
        if index + 1 > middle {
            right.insert(child, boundary, at: index + 1 - middle)
        } else {
            node.insert(child, boundary, at: index + 1)
        }
        split = (right, rightBoundary)
        return result
    }

    private static func insert(
        _ record: RecordStorage,
        _ key: TreeKey,
        intoLeaf leaf: TreeNode,
        _ keeping: (RecordStorage) -> Bool,
        isRightEdge: Bool,
        _ split: inout (TreeNode, TreeNode.Boundary)?
    ) -> Insertion {
        let place = leaf.place(of: key)
        if place.isExact {
            let old = leaf.records[place.index]
            if keeping(old) { return .kept }
            leaf.records[place.index] = record
            return .replaced(old)
        }
        if !leaf.isFull {
            leaf.insert(record, at: place.index)
            return .inserted
        }
        if isRightEdge, place.index == leaf.count {
            let right = TreeNode.make(isLeaf: true, order: leaf.header.order, limit: leaf.limit)
            right.insert(record, at: 0)
            leaf.cachePrefixes()
            let boundary =
                leaf.header.order == .seq
                ? TreeNode.Boundary(seq: key.seq, separator: nil)
                : TreeNode.boundary(between: leaf.keyBytes(leaf.count - 1), key.bytes)
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

    @inline(__always)
    private static func makeUnique(_ slot: UnsafeMutablePointer<TreeNode>) {
        if !isKnownUniquelyReferenced(&slot.pointee) { slot.pointee = slot.pointee.copy() }
    }

    /// Takes the record with an equal key out.
    mutating func remove(_ key: TreeKey) -> RecordStorage? {
        guard find(key) != nil else { return nil }
        if !isKnownUniquelyReferenced(&root) { root = root?.copy() }
        guard let top = root else { return nil }
        let removed = RecordTree.remove(key, from: top)
        count -= 1
        if top.count == 0 {
            root = nil
        }
        while let top = root, !top.isLeaf, top.count == 1 { root = top.children[0] }
        return removed
    }

    private static func remove(_ key: TreeKey, from node: TreeNode) -> RecordStorage? {
        if node.isLeaf {
            let place = node.place(of: key)
            guard place.isExact else { return nil }
            let record = node.records[place.index]
            node.remove(at: place.index)
            return record
        }
        let index = node.childIndex(for: key)
        makeUnique(node.children + index)
        let removed = remove(key, from: node.children[index])
        balance(node, around: index)
        return removed
    }

    /// Drops an empty child, or joins a child that is less than half full with a neighbour where both fit three quarters of a
    /// node: full enough that nothing stays sparse, and loose enough that the next insert does not split it again.
    private static func balance(_ node: TreeNode, around index: Int) {
        let child = node.children[index]
        if child.count == 0 {
            node.remove(at: index)
            return
        }
        guard child.count < node.limit / 2 else { return }
        let limit = node.limit * 3 / 4
        if index + 1 < node.count, child.count + node.children[index + 1].count <= limit {
            join(node, index)
        } else if index > 0, child.count + node.children[index - 1].count <= limit {
            join(node, index - 1)
        }
    }

    private static func join(_ node: TreeNode, _ index: Int) {
        let right = node.children[index + 1]
        node.children[index] = node.children[index].merged(with: right, at: node.boundary(index + 1))
        node.remove(at: index + 1)
    }
}
