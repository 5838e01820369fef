/// SplitMix64: the machines' own source of jitter, so that one seed replays one run.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension StreamLimits {
    /// The wait before attempt `failures + 1`: full jitter over an exponential bound, never less than a quarter of the base, so
    /// that many shards failing together do not come back together and one failing shard does not spin.
    func backoff(failures: Int, fraction: Double) -> Duration {
        let bound = min(backoffCap, backoffBase * (1 << min(max(failures, 0), 16)))
        return max(backoffBase / 4, bound * fraction)
    }
}
