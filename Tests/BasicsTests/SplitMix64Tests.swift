import Basics
import Testing

@Suite struct SplitMix64Tests {
    /// The first outputs for the seed 1234567 are a published test vector of the generator.
    @Test("the sequence is SplitMix64's, and a seed replays it")
    func sequence() {
        var first = SplitMix64(seed: 1_234_567)
        let numbers = (0..<3).map { _ in first.next() }
        #expect(numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
        var second = SplitMix64(seed: 1_234_567)
        #expect((0..<3).map { _ in second.next() } == numbers)
    }

    @Test("fractions lie in 0..<1 and differ")
    func fractions() {
        var random = SplitMix64(seed: 7)
        let fractions = (0..<1_000).map { _ in random.fraction() }
        #expect(fractions.allSatisfy { (0..<1).contains($0) })
        #expect(Set(fractions).count == 1_000)
    }
}
