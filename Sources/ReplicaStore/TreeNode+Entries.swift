import TableModel

/// Changes to one node. Only a node of the current version is ever changed.
extension TreeNode {
    /// Copies the entries of `other` behind the last one, prefixes as they are there.
    func append(contentsOf other: TreeNode, _ range: Range<Int>) {
        let start = count
        (prefixes + start).update(from: other.prefixes + range.lowerBound, count: range.count)
        if isLeaf {
            (records + start).update(from: other.records + range.lowerBound, count: range.count)
        } else {
            (children + start).update(from: other.children + range.lowerBound, count: range.count)
            if order == .key {
                (separators + start).update(from: other.separators + range.lowerBound, count: range.count)
            }
        }
        header.pointee.count += Int32(range.count)
    }

    /// Opens a gap at `index`, or closes the one there (`by` 1 or -1).
    private func shift(from index: Int, by distance: Int) {
        let moved = count - index
        (prefixes + index + distance).update(from: prefixes + index, count: moved)
        if isLeaf {
            (records + index + distance).update(from: records + index, count: moved)
        } else {
            (children + index + distance).update(from: children + index, count: moved)
            if order == .key { (separators + index + distance).update(from: separators + index, count: moved) }
        }
        header.pointee.count += Int32(distance)
    }

    /// Enters a record into a leaf that is not full.
    func insert(_ record: Unmanaged<RecordStorage>, at index: Int) {
        let prefix = record._withUnsafeGuaranteedRef { record in
            if order == .seq { return record.header.seq }
            let key = record.keyBytes
            admit(key)
            return self.prefix(of: key)
        }
        shift(from: index, by: 1)
        prefixes[index] = prefix
        records[index] = record
    }

    /// Enters a child into an inner node that is not full. The separator is now this node's.
    func insert(_ child: TreeNode, _ boundary: Boundary, at index: Int) {
        var prefix = boundary.seq
        if let separator = boundary.separator {
            if index > 0 { admit(separator.bytes) }
            prefix = self.prefix(of: separator.bytes)
        }
        shift(from: index, by: 1)
        prefixes[index] = prefix
        children[index] = child
        if order == .key { separators[index] = boundary.separator }
    }

    /// Forgets one entry; what it refers to is the caller's to keep or retire.
    func remove(at index: Int) {
        shift(from: index + 1, by: -1)
    }

    /// The lower end of a node's range, as its parent notes it.
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
        Boundary(seq: prefixes[index], separator: order == .key ? separators[index] : nil)
    }

    /// Moves the entries from `middle` on to a new node, and returns it with its boundary.
    func split(at middle: Int) -> (TreeNode, Boundary) {
        let right = TreeNode.make(isLeaf: isLeaf, order: order, limit: limit, stamp: header.pointee.stamp)
        let boundary = isLeaf ? leafBoundary(middle) : boundary(middle)
        right.append(contentsOf: self, middle..<count)
        // The separator moves up with the boundary.
        if !isLeaf, order == .key { right.separators[0] = nil }
        header.pointee.count = Int32(middle)
        right.header.pointee.skip = header.pointee.skip
        right.header.pointee.shared = header.pointee.shared
        right.sharpenPrefixes()
        sharpenPrefixes()
        return (right, boundary)
    }

    /// The shortest boundary between the records before and at `index`.
    private func leafBoundary(_ index: Int) -> Boundary {
        if order == .seq { return Boundary(seq: prefixes[index], separator: nil) }
        return TreeNode.boundary(between: keyBytes(index - 1), keyBytes(index), stamp: header.pointee.stamp)
    }

    /// The shortest boundary between two keys: one byte more of `right` than the two share.
    static func boundary(
        between left: UnsafeRawBufferPointer,
        _ right: UnsafeRawBufferPointer,
        stamp: UInt64
    ) -> Boundary {
        let count = min(sharedCount(left, right) + 1, right.count)
        let bytes = UnsafeRawBufferPointer(rebasing: right[..<count])
        return Boundary(seq: 0, separator: Separator.make(bytes, stamp: stamp))
    }
}
