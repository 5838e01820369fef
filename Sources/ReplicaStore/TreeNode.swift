import TableModel

/// How a tree orders its records.
enum TreeOrder: UInt8 {
    case key, seq
}

/// What is searched for: a key's bytes, or a seq.
struct TreeKey {
    var bytes: UnsafeRawBufferPointer
    var seq: UInt64
    init(bytes: UnsafeRawBufferPointer) { (self.bytes, seq) = (bytes, 0) }
    init(seq: UInt64) { (bytes, self.seq) = (UnsafeRawBufferPointer(start: nil, count: 0), seq) }
}

/// The fixed part of a node.
struct NodeHeader {
    var count: Int32 = 0
    /// How many first bytes all keys in the node share; the cached prefixes start after them. Always 0 by seq.
    var skip: Int32 = 0
    /// The most entries.
    let limit: Int32
    let isLeaf: Bool
    let order: TreeOrder
}

/// A separator of a key tree: at most every key of the child it belongs to, above every key of the child before.
final class Separator: ManagedBuffer<Int, UInt8> {
    static func make(_ bytes: UnsafeRawBufferPointer) -> Separator {
        let buffer = Separator.create(minimumCapacity: bytes.count) { _ in bytes.count }
        // Proven: `create` on this class returns an instance of this class.
        let separator = unsafeDowncast(buffer, to: Separator.self)
        if let source = bytes.baseAddress {
            separator.withUnsafeMutablePointerToElements {
                UnsafeMutableRawPointer($0).copyMemory(from: source, byteCount: bytes.count)
            }
        }
        return separator
    }

    /// Valid while the separator is alive.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: withUnsafeMutablePointerToElements { $0 }, count: header)
    }
}

/// A node of a `RecordTree`, in one allocation: `limit` prefixes, then as many records (leaf), or as many children and then
/// separators (inner). An inner node's first separator is never looked at: its first child takes everything below the second.
///
/// A prefix is the eight bytes of a key after `skip`, or a seq. Most searches are decided by prefixes, which lie side by side.
final class TreeNode: ManagedBuffer<NodeHeader, UInt64> {
    static func make(isLeaf: Bool, order: TreeOrder, limit: Int) -> TreeNode {
        let words = limit * (isLeaf ? 2 : order == .key ? 3 : 2)
        let buffer = TreeNode.create(minimumCapacity: words) { _ in
            NodeHeader(limit: Int32(limit), isLeaf: isLeaf, order: order)
        }
        // Proven: `create` on this class returns an instance of this class.
        let node = unsafeDowncast(buffer, to: TreeNode.self)
        if isLeaf {
            node.slots.bindMemory(to: RecordStorage.self, capacity: limit)
        } else {
            node.slots.bindMemory(to: TreeNode.self, capacity: limit)
            if order == .key {
                UnsafeMutableRawPointer(node.prefixes + 2 * limit).bindMemory(to: Separator?.self, capacity: limit)
            }
        }
        return node
    }

    deinit {
        if header.isLeaf {
            records.deinitialize(count: count)
        } else {
            children.deinitialize(count: count)
            if header.order == .key { separators.deinitialize(count: count) }
        }
    }

    @inline(__always) var isLeaf: Bool { header.isLeaf }
    @inline(__always) var count: Int { Int(header.count) }
    @inline(__always) var limit: Int { Int(header.limit) }
    @inline(__always) var isFull: Bool { header.count == header.limit }
    @inline(__always) var skip: Int { Int(header.skip) }
    /// The first entry that takes part in a search.
    @inline(__always) var first: Int { header.isLeaf ? 0 : 1 }

    @inline(__always)
    var prefixes: UnsafeMutablePointer<UInt64> { withUnsafeMutablePointerToElements { $0 } }

    @inline(__always)
    private var slots: UnsafeMutableRawPointer { UnsafeMutableRawPointer(prefixes + limit) }

    /// A leaf's records.
    @inline(__always)
    var records: UnsafeMutablePointer<RecordStorage> { slots.assumingMemoryBound(to: RecordStorage.self) }

    /// An inner node's children.
    @inline(__always)
    var children: UnsafeMutablePointer<TreeNode> { slots.assumingMemoryBound(to: TreeNode.self) }

    /// An inner node's separators; only in a tree by key.
    @inline(__always)
    var separators: UnsafeMutablePointer<Separator?> {
        UnsafeMutableRawPointer(prefixes + 2 * limit).assumingMemoryBound(to: Separator?.self)
    }

    /// The bytes that entry `index` sorts by; empty for a first separator. Only in a tree by key.
    @inline(__always)
    func keyBytes(_ index: Int) -> UnsafeRawBufferPointer {
        if header.isLeaf { return records[index].keyBytes }
        return separators[index]?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// An equal node that no other tree shares. Costs a retain of each entry.
    func copy() -> TreeNode {
        let node = TreeNode.make(isLeaf: isLeaf, order: header.order, limit: limit)
        node.header.skip = header.skip
        node.append(contentsOf: self, 0..<count)
        return node
    }

    /// Copies the entries of `other` behind the last one, prefixes as they are there.
    func append(contentsOf other: TreeNode, _ range: Range<Int>) {
        let start = count
        (prefixes + start).update(from: other.prefixes + range.lowerBound, count: range.count)
        if isLeaf {
            (records + start).initialize(from: other.records + range.lowerBound, count: range.count)
        } else {
            (children + start).initialize(from: other.children + range.lowerBound, count: range.count)
            if header.order == .key {
                (separators + start).initialize(from: other.separators + range.lowerBound, count: range.count)
            }
        }
        header.count += Int32(range.count)
    }

    /// Drops the entries from `start` on.
    func truncate(to start: Int) {
        let surplus = count - start
        if isLeaf {
            (records + start).deinitialize(count: surplus)
        } else {
            (children + start).deinitialize(count: surplus)
            if header.order == .key { (separators + start).deinitialize(count: surplus) }
        }
        header.count = Int32(start)
    }
}
