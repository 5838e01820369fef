import TableModel

extension TreeNode {
    /// Enters a record into a leaf that is not full.
    func insert(_ record: RecordStorage, at index: Int) {
        let prefix: UInt64
        if header.order == .key {
            let key = record.keyBytes
            admit(key)
            prefix = self.prefix(of: key)
        } else {
            prefix = record.header.seq
        }
        let moved = count - index
        (prefixes + index + 1).update(from: prefixes + index, count: moved)
        prefixes[index] = prefix
        (records + index + 1).moveInitialize(from: records + index, count: moved)
        (records + index).initialize(to: record)
        header.count += 1
    }

    /// Enters a child into an inner node that is not full.
    func insert(_ child: TreeNode, _ boundary: Boundary, at index: Int) {
        let prefix: UInt64
        if let separator = boundary.separator {
            if index > 0 { admit(separator.bytes) }
            prefix = self.prefix(of: separator.bytes)
        } else {
            prefix = boundary.seq
        }
        let moved = count - index
        (prefixes + index + 1).update(from: prefixes + index, count: moved)
        prefixes[index] = prefix
        (children + index + 1).moveInitialize(from: children + index, count: moved)
        (children + index).initialize(to: child)
        if header.order == .key {
            (separators + index + 1).moveInitialize(from: separators + index, count: moved)
            (separators + index).initialize(to: boundary.separator)
        }
        header.count += 1
    }

    /// Removes one entry.
    func remove(at index: Int) {
        let moved = count - index - 1
        (prefixes + index).update(from: prefixes + index + 1, count: moved)
        if isLeaf {
            (records + index).deinitialize(count: 1)
            (records + index).moveInitialize(from: records + index + 1, count: moved)
        } else {
            (children + index).deinitialize(count: 1)
            (children + index).moveInitialize(from: children + index + 1, count: moved)
            if header.order == .key {
                (separators + index).deinitialize(count: 1)
                (separators + index).moveInitialize(from: separators + index + 1, count: moved)
            }
        }
        header.count -= 1
    }

    /// Where a node's range begins, as its parent notes it.
    struct Boundary {
        /// In a tree by seq.
        var seq: UInt64
        /// In a tree by key.
        var separator: Separator?

        /// Whether `key` belongs to the node that begins here.
        func isAtMost(_ key: TreeKey) -> Bool {
            guard let separator else { return seq <= key.seq }
            return ByteOrder.compare(separator.bytes, key.bytes) <= 0
        }
    }

    /// The boundary noted for entry `index`.
    func boundary(_ index: Int) -> Boundary {
        Boundary(seq: prefixes[index], separator: header.order == .key ? separators[index] : nil)
    }

    /// Moves the entries from `middle` on to a new node, and returns it with its boundary.
    func split(at middle: Int) -> (TreeNode, Boundary) {
        let right = TreeNode.make(isLeaf: isLeaf, order: header.order, limit: limit)
        let boundary = isLeaf ? leafBoundary(middle) : boundary(middle)
        right.append(contentsOf: self, middle..<count)
        truncate(to: middle)
        right.cachePrefixes()
        cachePrefixes()
        return (right, boundary)
    }

    /// The shortest boundary between the records before and at `index`.
    private func leafBoundary(_ index: Int) -> Boundary {
        if header.order == .seq { return Boundary(seq: prefixes[index], separator: nil) }
        return TreeNode.boundary(between: keyBytes(index - 1), keyBytes(index))
    }

    /// The shortest boundary between two keys: one byte more of `right` than the two share.
    static func boundary(between left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Boundary {
        let count = min(sharedCount(left, right) + 1, right.count)
        return Boundary(seq: 0, separator: Separator.make(UnsafeRawBufferPointer(rebasing: right[..<count])))
    }

    /// A node holding this one's entries and then those of `right`, which begins at `boundary`.
    func merged(with right: TreeNode, at boundary: Boundary) -> TreeNode {
        let node = TreeNode.make(isLeaf: isLeaf, order: header.order, limit: limit)
        node.append(contentsOf: self, 0..<count)
        let seam = node.count
        node.append(contentsOf: right, 0..<right.count)
        if !isLeaf, right.count > 0 {
            // The right node's first boundary was never looked at in it, and is now.
            node.prefixes[seam] = boundary.seq
            if header.order == .key { node.separators[seam] = boundary.separator }
        }
        node.cachePrefixes()
        return node
    }
}
