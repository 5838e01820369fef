import Basics

/// Every choice of a simulated life comes from one seed.
package struct SimulationRandom {
    private var generator: SplitMix64

    /// Equal seeds give equal choices.
    package init(seed: UInt64) {
        generator = SplitMix64(seed: seed &* 0xD134_2543_DE82_EF95 &+ 0x1234_5678_9ABC_DEF1)
    }

    /// 64 bits.
    package mutating func next() -> UInt64 { generator.next() }

    /// 0..<count.
    package mutating func below(_ count: Int) -> Int { count <= 1 ? 0 : Int(truncatingIfNeeded: next() >> 33) % count }

    /// A number of the range, both ends included.
    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `percent` of a hundred cases.
    package mutating func chance(_ percent: Int) -> Bool { percent > 0 && below(100) < percent }
}
