/// Records that can no longer be read. Never passed over in silence: the consumer stops at the shard and says so.
public struct StreamGap: Error, Sendable, Hashable, CustomStringConvertible {
    /// How the records were lost.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The shard's records from our position on were trimmed (retention is 24 hours).
        case trimmed
        /// The shard is no longer listed and had not been read to its end.
        case vanished
        /// The shard's parent was never listed, so the parent's records were never read.
        case missingParent = "missing-parent"
        /// A parent appeared after its child had been read.
        case lateParent = "late-parent"
        /// The stream itself does not exist any more.
        case streamNotFound = "stream-not-found"
        /// The shard, or the whole stream, was not read for longer than the retention, with nothing to resume from.
        case stalled
        /// A shard had to be read again from before the bookmark, and that was more than is held (`StreamLimits.replayBytes`).
        case replayTooLarge = "replay-too-large"
        /// The service gives no iterator for the shard.
        case noIterator = "no-iterator"
    }

    /// How the records were lost.
    public let reason: Reason
    /// The shard; nil when the whole stream is meant.
    public let shardID: String?

    /// Names a gap.
    public init(reason: Reason, shardID: String?) {
        self.reason = reason
        self.shardID = shardID
    }

    /// One line for an operator.
    public var description: String {
        let shard = shardID ?? "?"
        return switch reason {
        case .trimmed: "records of shard \(shard) were trimmed before they were read"
        case .vanished: "shard \(shard) vanished before it was read to its end"
        case .missingParent: "the parent of shard \(shard) was never listed, so its records were not read"
        case .lateParent: "shard \(shard) was listed only after its child had been read"
        case .streamNotFound: "the stream does not exist any more"
        case .stalled:
            shardID == nil
                ? "the stream was not read for longer than it keeps records"
                : "shard \(shard) was not read for longer than the stream keeps records"
        case .replayTooLarge:
            "shard \(shard) had to be read again from before the bookmark, and that was more than is held in memory"
        case .noIterator: "the service gives no iterator for shard \(shard)"
        }
    }
}
