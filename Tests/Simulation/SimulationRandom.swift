import Basics

/// Every choice of a simulated life comes from one seed.
struct SimulationRandom {
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95 &+ 0x1234_5678_9ABC_DEF1)
    }

    mutating func next() -> UInt64 { generator.next() }

    /// 0..<count.
    mutating func below(_ count: Int) -> Int { count <= 1 ? 0 : Int(truncatingIfNeeded: next() >> 33) % count }

    /// A number of the range, both ends included.
    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `percent` of a hundred cases.
    mutating func chance(_ percent: Int) -> Bool { percent > 0 && below(100) < percent }
}
