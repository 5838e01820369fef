import Basics
import TableModel
import TestTools
import Testing

@testable import ReplicaStore

@Suite struct RecordTreeTests {
    /// A tree beside a sorted array that it must agree with.
    private struct Model {
        var tree: RecordTree
        var sorted: [(key: [UInt8], seq: UInt64)] = []
        let reclaimer = Reclaimer()

        init(order: TreeOrder, capacity: Int) { tree = RecordTree(order: order, capacity: capacity) }

        /// What is here now, kept readable by what `retired` keeps.
        mutating func snapshot() -> Kept {
            let view = tree
            let stamp = tree.beginVersion()
            reclaimer.begin(stamp: stamp, seq: sorted.map(\.seq).max() ?? 0)
            return Kept(tree: view, sorted: sorted, stamp: stamp, reclaimer: reclaimer)
        }

        /// Leaves what is here to the snapshots that are left.
        func end() { reclaimer.retire(all: tree, RecordTree(order: .seq, capacity: 4)) }

        func index(_ key: [UInt8], _ seq: UInt64) -> (index: Int, isExact: Bool) {
            var low = 0
            var high = sorted.count
            while low < high {
                let middle = (low + high) / 2
                let isBelow =
                    tree.order == .key
                    ? sorted[middle].key.lexicographicallyPrecedes(key) : sorted[middle].seq < seq
                if isBelow { low = middle + 1 } else { high = middle }
            }
            let isExact = low < sorted.count && (tree.order == .key ? sorted[low].key == key : sorted[low].seq == seq)
            return (low, isExact)
        }

        mutating func insert(_ bytes: [UInt8], _ seq: UInt64) {
            let record = bytes.withUnsafeBytes {
                RecordStorage.make(seq: seq, at: 0, cause: .stream, version: nil, key: $0, item: nil)
            }
            let place = index(bytes, seq)
            let key = tree.order == .key ? TreeKey(bytes: record.keyBytes) : TreeKey(seq: seq)
            switch tree.insert(Unmanaged.passRetained(record), key, reclaimer) {
            case .inserted:
                #expect(!place.isExact)
                sorted.insert((bytes, seq), at: place.index)
            case .replaced(let old):
                let oldSeq = old._withUnsafeGuaranteedRef { $0.header.seq }
                #expect(place.isExact && oldSeq == sorted[place.index].seq)
                if place.isExact { sorted[place.index] = (bytes, seq) }
                reclaimer.retire(record: old)
            case .kept: Issue.record("nothing asked to keep the old record")
            }
        }

        mutating func remove(_ key: [UInt8], _ seq: UInt64) {
            let place = index(key, seq)
            let removed = key.withUnsafeBytes { bytes in
                tree.remove(tree.order == .key ? TreeKey(bytes: bytes) : TreeKey(seq: seq), reclaimer)
            }
            if let removed { reclaimer.retire(record: removed) }
            #expect((removed != nil) == place.isExact)
            if place.isExact { sorted.remove(at: place.index) }
        }

        func verify() { RecordTreeTests.verify(tree, sorted) }
    }

    /// A snapshot of a model.
    private final class Kept {
        let tree: RecordTree
        let sorted: [(key: [UInt8], seq: UInt64)]
        private let stamp: UInt64
        private let reclaimer: Reclaimer

        init(tree: RecordTree, sorted: [(key: [UInt8], seq: UInt64)], stamp: UInt64, reclaimer: Reclaimer) {
            self.tree = tree
            self.sorted = sorted
            self.stamp = stamp
            self.reclaimer = reclaimer
        }

        deinit { reclaimer.end(stamp: stamp) }

        func verify() { RecordTreeTests.verify(tree, sorted) }
    }

    /// Everything, in order, and the structure's own rules.
    private static func verify(_ tree: RecordTree, _ sorted: [(key: [UInt8], seq: UInt64)]) {
        var read: [UInt64] = []
        tree.forEachAscending(from: nil) {
            read.append($0.header.seq)
            return true
        }
        #expect(read == sorted.map(\.seq))
        #expect(tree.count == sorted.count)
        if let root = tree.root { _ = RecordTreeTests.checkStructure(root) }
        for (key, seq) in sorted {
            let found = key.withUnsafeBytes {
                tree.find(tree.order == .key ? TreeKey(bytes: $0) : TreeKey(seq: seq))
            }
            #expect(found?._withUnsafeGuaranteedRef { $0.header.seq } == seq)
        }
    }

    /// Checks counts, equal depth, order across boundaries and cached prefixes; returns the depth.
    private static func checkStructure(_ node: TreeNode) -> Int {
        #expect(node.count > 0 && node.count <= node.limit)
        for index in node.first..<max(node.first, node.count) where node.order == .key {
            let key = node.keyBytes(index)
            #expect(key.count >= node.skip)
            #expect(node.prefixes[index] == node.prefix(of: key))
            #expect(TreeNode.sharedCount(key, node.keyBytes(node.first)) >= node.skip)
            if index > node.first { #expect(ByteOrder.compare(node.keyBytes(index - 1), key) < 0) }
        }
        if node.isLeaf { return 1 }
        let depths = Set((0..<node.count).map { checkStructure(node.children[$0]) })
        #expect(depths.count == 1)
        return (depths.first ?? 0) + 1
    }

    /// Keys with shared beginnings of several lengths, some of them beginnings of others.
    private static func key(_ number: Int) -> [UInt8] {
        let stems = ["a", "customer#0000", "customer#0000/order#", "z\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"]
        return [UInt8](stems[number % stems.count].utf8) + Array(repeating: 0, count: number % 3)
            + [UInt8](String(number).utf8)
    }

    @Test(
        "a tree agrees with a sorted array through random writes, and snapshots of it never change",
        arguments: [TreeOrder.key, .seq],
        [4, 5, 8, 48]
    )
    func againstModel(order: TreeOrder, capacity: Int) {
        var random = SplitMix64(seed: UInt64(capacity))
        var model = Model(order: order, capacity: capacity)
        var snapshots: [Kept] = []
        var seq: UInt64 = 0
        for step in 0..<6000 {
            // Growing, shrinking to nothing, growing again.
            let grows = (step / 1500) % 2 == 0
            let number = Int.random(in: 0..<700, using: &random)
            if Int.random(in: 0..<10, using: &random) < (grows ? 7 : 2) {
                seq += 1
                model.insert(RecordTreeTests.key(number), order == .key ? seq : UInt64(number))
            } else {
                model.remove(RecordTreeTests.key(number), UInt64(number))
            }
            if step % 250 == 0 {
                snapshots.append(model.snapshot())
                model.verify()
            }
            if snapshots.count > 8 { snapshots.remove(at: Int.random(in: 0..<8, using: &random)) }
        }
        model.verify()
        for snapshot in snapshots { snapshot.verify() }
        for number in 0..<700 { model.remove(RecordTreeTests.key(number), UInt64(number)) }
        #expect(model.tree.root == nil)
        for snapshot in snapshots { snapshot.verify() }
        model.end()
    }

    @Test("every lower and upper bound reads what a sorted array has there", arguments: [4, 7])
    func ranges(capacity: Int) {
        var random = SplitMix64(seed: 99)
        var model = Model(order: .key, capacity: capacity)
        for seq in 1...300 { model.insert(RecordTreeTests.key(Int.random(in: 0..<600, using: &random)), UInt64(seq)) }
        for number in 0..<600 {
            let key = RecordTreeTests.key(number)
            let place = model.index(key, 0)
            for isExclusive in [false, true] {
                var read: [UInt64] = []
                key.withUnsafeBytes { bytes in
                    model.tree.forEachAscending(from: TreeKey(bytes: bytes), isExclusive: isExclusive) {
                        read.append($0.header.seq)
                        return read.count < 20
                    }
                }
                let start = isExclusive && place.isExact ? place.index + 1 : place.index
                #expect(read == model.sorted[start...].prefix(20).map(\.seq))
            }
            var read: [UInt64] = []
            key.withUnsafeBytes { bytes in
                model.tree.forEachDescending(below: TreeKey(bytes: bytes)) {
                    read.append($0.header.seq)
                    return read.count < 20
                }
            }
            #expect(read == model.sorted[..<place.index].reversed().prefix(20).map(\.seq))
        }
    }

    @Test("ascending inserts leave full nodes behind")
    func appends() {
        var model = Model(order: .seq, capacity: 16)
        for seq in 1...4096 { model.insert([1], UInt64(seq)) }
        model.verify()
        #expect(RecordTreeTests.leaves(model.tree) == 4096 / 16)
    }

    @Test("superseding at random does not leave the tree sparse")
    func density() {
        var random = SplitMix64(seed: 5)
        var model = Model(order: .seq, capacity: 16)
        for seq in 1...4096 { model.insert([1], UInt64(seq)) }
        for seq in 4097...40960 {
            let victim = model.sorted[Int.random(in: 0..<model.sorted.count, using: &random)].seq
            model.remove([1], victim)
            model.insert([1], UInt64(seq))
        }
        model.verify()
        // At least three eighths full on average.
        #expect(RecordTreeTests.leaves(model.tree) <= 4096 / 6)
    }

    private static func leaves(_ tree: RecordTree) -> Int {
        func count(_ node: TreeNode) -> Int {
            node.isLeaf ? 1 : (0..<node.count).reduce(0) { $0 + count(node.children[$1]) }
        }
        return tree.root.map(count) ?? 0
    }
}
