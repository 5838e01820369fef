import Synchronization

/// The waits that clients are told, each a random one of its range: clients that were refused at one moment must not all come back at one moment.
package final class RetryHints: Sendable {
    private let generator: Mutex<SplitMix64>

    /// The hints of one seed are always the same; that of the process is random.
    package init(seed: UInt64 = .random(in: .min ... .max)) { generator = Mutex(SplitMix64(seed: seed)) }

    /// The hints of the process.
    package static let shared = RetryHints()

    /// Seconds of a field Retry-After: `least` at least, and at most `most`, or a second more than twice as many where that is nil. Whole
    /// seconds are all that the field can say, so a wait of one second is spread over three.
    package func seconds(atLeast least: Int, upTo most: Int? = nil) -> Int {
        random(least...max(least, most ?? 2 * least + 1))
    }

    /// Milliseconds of an event stream's `retry`, from `base` to `times` times as many.
    package func milliseconds(from base: Int, times: Int) -> Int { random(base...(base * max(1, times))) }

    private func random(_ range: ClosedRange<Int>) -> Int {
        generator.withLock { Int.random(in: range, using: &$0) }
    }
}
