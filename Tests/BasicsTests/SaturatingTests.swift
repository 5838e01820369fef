import Basics
import Testing

@Suite struct SaturatingTests {
    @Test(
        "a number from outside becomes an integer whatever it is",
        arguments: [
            (0.0, 0), (-0.9, 0), (1.9, 1), (-1.9, -1), (0x1p53, 9_007_199_254_740_992), (0x1p63, Int64.max),
            (1e300, .max),
            (-0x1p63, .min), (-1e300, .min), (.infinity, .max), (-.infinity, .min), (.nan, 0),
        ] as [(Double, Int64)]
    )
    func saturates(_ number: Double, _ integer: Int64) { #expect(Int64(saturating: number) == integer) }
}
