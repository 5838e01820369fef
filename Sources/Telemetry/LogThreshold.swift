package import Logging
import Synchronization

/// The least level of the lines in the log. It may change while the process runs, for all loggers at once.
package final class LogThreshold: Sendable {
    /// From the least to the greatest.
    private static let levels = Logger.Level.allCases.sorted()

    private let index: Atomic<Int>

    /// Starts with a level.
    package init(_ level: Logger.Level) { index = Atomic(Self.index(of: level)) }

    /// The level, for any thread.
    package var level: Logger.Level {
        get { Self.levels[index.load(ordering: .relaxed)] }
        set { index.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    private static func index(of level: Logger.Level) -> Int { levels.firstIndex(of: level) ?? 0 }
}
