import Testing

@testable import Replication

@Suite struct BloomFilterTests {
    private func contains(_ seen: BloomFilter, _ key: Int) -> Bool {
        Array("key-\(key)".utf8).withUnsafeBytes { seen.contains($0) }
    }

    private func filled(_ keys: Range<Int>, seed: UInt64, maximumBytes: Int = 1 << 20) -> BloomFilter {
        var seen = BloomFilter(keys: keys.count, maximumBytes: maximumBytes, seed: seed)
        for key in keys { Array("key-\(key)".utf8).withUnsafeBytes { seen.insert($0) } }
        return seen
    }

    @Test("never forgets a key, and takes few others for seen")
    func filter() {
        let seen = filled(0..<10_000, seed: 1)
        #expect((0..<10_000).allSatisfy { contains(seen, $0) })
        #expect((10_000..<20_000).count { contains(seen, $0) } < 300)
    }

    @Test("mistakes other keys with another seed, so that what one comparison overlooks the next one finds")
    func seeds() {
        let one = filled(0..<10_000, seed: 1)
        let two = filled(0..<10_000, seed: 2)
        let mistaken = (10_000..<40_000).filter { contains(one, $0) }
        #expect(mistaken.count { contains(two, $0) } <= mistaken.count / 5)
    }

    @Test("keeps to its bytes with any number of keys")
    func bounded() {
        let seen = filled(0..<5_000, seed: 1, maximumBytes: 256)
        #expect((0..<5_000).allSatisfy { contains(seen, $0) })
    }
}
