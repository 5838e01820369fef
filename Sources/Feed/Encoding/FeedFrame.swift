import Compression
import Synchronization

/// A run of changes, encoded once and written to every subscriber that stands at its start.
final class FeedFrame: Sendable {
    let bytes: [UInt8]
    /// Where a subscriber stands after it.
    let end: UInt64
    /// The head of the snapshot that it was read from.
    let asOf: UInt64
    /// Data events in it.
    let count: Int
    /// What was looked at for it, in changes (see `FeedLimits.visitedPerFrame`).
    let visited: Int
    /// On the server's suspending clock.
    let madeAt: Duration
    private let compressed = Mutex<SharedDeflate.Block?>(nil)

    init(bytes: [UInt8], end: UInt64, asOf: UInt64, count: Int, visited: Int, madeAt: Duration) {
        self.bytes = bytes
        self.end = end
        self.asOf = asOf
        self.count = count
        self.visited = visited
        self.madeAt = madeAt
    }

    /// The same as blocks of a gzip stream. Compressed on first use; two loops may do it twice, but none waits for the other.
    var deflated: SharedDeflate.Block {
        if let known = compressed.withLock({ $0 }) { return known }
        let made = bytes.withUnsafeBytes { SharedDeflate.block($0) }
        compressed.withLock { $0 = made }
        return made
    }
}
