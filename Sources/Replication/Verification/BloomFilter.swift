/// The keys that a comparison has met, as a Bloom filter: ten bits and seven probes a key, so about one key in a hundred is taken
/// for seen although it was not. Each comparison has a seed of its own, so that such a key is found by the next.
struct BloomFilter: Sendable {
    private var bits: [UInt64]
    private let seed: UInt64
    private let mask: UInt64

    /// Room for `keys`, in at most `maximumBytes`: with more of them, more are taken for seen.
    init(keys: Int, maximumBytes: Int, seed: UInt64) {
        var words = 16
        while words * 64 < keys * 10, words * 16 <= maximumBytes { words *= 2 }
        bits = [UInt64](repeating: 0, count: words)
        mask = UInt64(words * 64 - 1)
        self.seed = seed
    }

    mutating func insert(_ key: UnsafeRawBufferPointer) {
        var probes = Probes(key, seed)
        for _ in 0..<Probes.count {
            let place = probes.next() & mask
            bits[Int(place >> 6)] |= 1 << (place & 63)
        }
    }

    /// True for every key that was inserted.
    func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        var probes = Probes(key, seed)
        for _ in 0..<Probes.count {
            let place = probes.next() & mask
            if bits[Int(place >> 6)] & (1 << (place & 63)) == 0 { return false }
        }
        return true
    }

    /// Places of a key by double hashing (Kirsch and Mitzenmacher, "Less Hashing, Same Performance").
    private struct Probes {
        static let count = 7
        private var place: UInt64
        private let step: UInt64

        init(_ key: UnsafeRawBufferPointer, _ seed: UInt64) {
            var hasher = Hasher()
            hasher.combine(seed)
            hasher.combine(bytes: key)
            place = UInt64(bitPattern: Int64(hasher.finalize()))
            // Odd, so that the places of a key differ.
            step = (place >> 32) | 1
        }

        mutating func next() -> UInt64 {
            defer { place &+= step }
            return place
        }
    }
}
