/// Hands out sequence numbers: increasing over all streams, with gaps, as the real ones are.
struct SequenceNumbers: Sendable {
    private var last: UInt128
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    init(first: UInt128) {
        last = first
    }

    /// A number greater than every one before.
    mutating func next() -> UInt128 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        last += UInt128(1 + state >> 56)
        return last
    }

    /// The newest number given out.
    var newest: UInt128 { last }

    /// Goes on from `number`, also downwards: an emulator that was reset.
    mutating func restart(at number: UInt128) {
        last = number
    }
}
