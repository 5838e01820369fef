import TableModel

extension RecordTree {
    /// Calls `body` with the records from `lower` on (from the first when nil), ascending, until it returns false. A record equal
    /// to `lower` is left out when `isExclusive`.
    func forEachAscending(
        from lower: TreeKey?,
        isExclusive: Bool = false,
        _ body: (RecordStorage) -> Bool
    ) {
        guard let root else { return }
        _ = RecordTree.visitAscending(root, lower, isExclusive, body)
    }

    private static func visitAscending(
        _ node: TreeNode,
        _ lower: TreeKey?,
        _ isExclusive: Bool,
        _ body: (RecordStorage) -> Bool
    ) -> Bool {
        if node.isLeaf {
            var index = 0
            if let lower {
                let place = node.place(of: lower)
                index = place.isExact && isExclusive ? place.index + 1 : place.index
            }
            while index < node.count {
                guard node.records[index]._withUnsafeGuaranteedRef(body) else { return false }
                index += 1
            }
            return true
        }
        let start = lower.map { node.childIndex(for: $0) } ?? 0
        for index in start..<node.count {
            guard visitAscending(node.children[index], index == start ? lower : nil, isExclusive, body) else {
                return false
            }
        }
        return true
    }

    /// Calls `body` with the records below `upper` (from the last when nil), descending, until it returns false.
    func forEachDescending(below upper: TreeKey?, _ body: (RecordStorage) -> Bool) {
        guard let root else { return }
        _ = RecordTree.visitDescending(root, upper, body)
    }

    private static func visitDescending(
        _ node: TreeNode,
        _ upper: TreeKey?,
        _ body: (RecordStorage) -> Bool
    ) -> Bool {
        if node.isLeaf {
            var index = upper.map { node.place(of: $0).index } ?? node.count
            while index > 0 {
                index -= 1
                guard node.records[index]._withUnsafeGuaranteedRef(body) else { return false }
            }
            return true
        }
        let start = upper.map { node.childIndex(for: $0) } ?? node.count - 1
        for index in stride(from: start, through: 0, by: -1) {
            guard visitDescending(node.children[index], index == start ? upper : nil, body) else { return false }
        }
        return true
    }
}
