import TableModel

/// How a tree orders its records.
enum TreeOrder: UInt8 {
    case key, seq
}

/// The target of a search: a key's bytes, or a seq.
struct TreeKey {
    var bytes: UnsafeRawBufferPointer
    var seq: UInt64
    init(bytes: UnsafeRawBufferPointer) { (self.bytes, seq) = (bytes, 0) }
    init(seq: UInt64) { (bytes, self.seq) = (UnsafeRawBufferPointer(start: nil, count: 0), seq) }
}

/// A separator of a key tree: at most every key of the child it belongs to, above every key of the child before.
struct Separator {
    /// Eight bytes of stamp, as in a node, four of length, then the bytes.
    let block: UnsafeMutableRawPointer

    static func make(_ bytes: UnsafeRawBufferPointer, stamp: UInt64) -> Separator {
        let block = UnsafeMutableRawPointer.allocate(byteCount: 12 + bytes.count, alignment: 8)
        block.storeBytes(of: stamp, as: UInt64.self)
        block.storeBytes(of: UInt32(bytes.count), toByteOffset: 8, as: UInt32.self)
        if let source = bytes.baseAddress { (block + 12).copyMemory(from: source, byteCount: bytes.count) }
        return Separator(block: block)
    }

    @inline(__always)
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: block + 12, count: Int(block.load(fromByteOffset: 8, as: UInt32.self)))
    }
}

/// A node of a `RecordTree`: a reference to one block that holds a header, `limit` prefixes, then as many records (leaf), or as
/// many children and then separators (inner). An inner node's first separator is never looked at: its first child takes
/// everything below the second.
///
/// A prefix is the eight bytes of a key after `skip`, or a seq. Most searches are decided by prefixes, which lie side by side.
/// Every entry is plain memory: copying a node is one copy of its bytes. `Reclaimer` says who frees what.
struct TreeNode: Equatable {
    let block: UnsafeMutableRawPointer

    /// The fixed part of a node.
    struct Header {
        /// The version of the tree that made the node: only that version may change it in place. First, for `Reclaimer`.
        var stamp: UInt64
        var count: Int32 = 0
        /// How many first bytes all keys in the node share; the cached prefixes start after them. Always 0 by seq.
        var skip: Int32 = 0
        /// The first sixteen of those bytes, so that most searches need no key to compare them with.
        var shared: (UInt64, UInt64) = (0, 0)
        /// The most entries.
        let limit: Int32
        let isLeaf: Bool
        let order: TreeOrder
    }

    private static let headerCount = MemoryLayout<Header>.stride

    static func make(isLeaf: Bool, order: TreeOrder, limit: Int, stamp: UInt64) -> TreeNode {
        let words = limit * (!isLeaf && order == .key ? 3 : 2)
        let block = UnsafeMutableRawPointer.allocate(byteCount: headerCount + words * 8, alignment: 8)
        block.initializeMemory(
            as: Header.self,
            to: Header(stamp: stamp, limit: Int32(limit), isLeaf: isLeaf, order: order)
        )
        let slots = block + headerCount
        slots.bindMemory(to: UInt64.self, capacity: limit)
        if isLeaf {
            (slots + limit * 8).bindMemory(to: Unmanaged<RecordStorage>.self, capacity: limit)
        } else {
            (slots + limit * 8).bindMemory(to: TreeNode.self, capacity: limit)
            if order == .key { (slots + limit * 16).bindMemory(to: Separator?.self, capacity: limit) }
        }
        return TreeNode(block: block)
    }

    /// A node of the version `stamp` with the same entries. The entries are now this node's.
    func copy(stamp: UInt64) -> TreeNode {
        let node = TreeNode.make(isLeaf: isLeaf, order: order, limit: limit, stamp: stamp)
        node.header.pointee.skip = header.pointee.skip
        node.header.pointee.shared = header.pointee.shared
        node.append(contentsOf: self, 0..<count)
        return node
    }

    @inline(__always)
    var header: UnsafeMutablePointer<Header> { block.assumingMemoryBound(to: Header.self) }
    @inline(__always) var isLeaf: Bool { header.pointee.isLeaf }
    @inline(__always) var order: TreeOrder { header.pointee.order }
    @inline(__always) var count: Int { Int(header.pointee.count) }
    @inline(__always) var limit: Int { Int(header.pointee.limit) }
    @inline(__always) var isFull: Bool { header.pointee.count == header.pointee.limit }
    @inline(__always) var skip: Int { Int(header.pointee.skip) }
    /// The first entry that takes part in a search.
    @inline(__always) var first: Int { isLeaf ? 0 : 1 }

    @inline(__always)
    var prefixes: UnsafeMutablePointer<UInt64> {
        (block + TreeNode.headerCount).assumingMemoryBound(to: UInt64.self)
    }

    /// A leaf's records.
    @inline(__always)
    var records: UnsafeMutablePointer<Unmanaged<RecordStorage>> {
        (block + TreeNode.headerCount + limit &* 8).assumingMemoryBound(to: Unmanaged<RecordStorage>.self)
    }

    /// An inner node's children.
    @inline(__always)
    var children: UnsafeMutablePointer<TreeNode> {
        (block + TreeNode.headerCount + limit &* 8).assumingMemoryBound(to: TreeNode.self)
    }

    /// An inner node's separators; only in a tree by key.
    @inline(__always)
    var separators: UnsafeMutablePointer<Separator?> {
        (block + TreeNode.headerCount + limit &* 16).assumingMemoryBound(to: Separator?.self)
    }

    /// The bytes that entry `index` sorts by; empty for a first separator. Only in a tree by key.
    @inline(__always)
    func keyBytes(_ index: Int) -> UnsafeRawBufferPointer {
        if isLeaf { return records[index]._withUnsafeGuaranteedRef { $0.keyBytes } }
        return separators[index]?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }
}
