import Basics
import Testing

@testable import ItemQuery

@Suite struct ByteSearchTests {
    @Test(
        "finds what a search at each place finds, in texts of few different bytes",
        arguments: 1...20 as ClosedRange<UInt64>
    )
    func naive(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let letters = UInt8.random(in: 1...4, using: &random)
            func text(_ count: Int) -> [UInt8] {
                (0..<count).map { _ in UInt8.random(in: 0..<letters, using: &random) }
            }
            let part = text(Int.random(in: 1...6, using: &random))
            let bytes = text(Int.random(in: 0...40, using: &random))
            let places = max(0, bytes.count - part.count + 1)
            let expected = (0..<places).contains { bytes[$0...].starts(with: part) }
            let found = part.withUnsafeBytes { part in
                bytes.withUnsafeBytes { part.count <= $0.count && ByteSearch.occurs(part, in: $0) }
            }
            #expect(found == expected, "\(part) in \(bytes)")
        }
    }
}
