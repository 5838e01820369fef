public import DynamoDBClient

/// Why a stream could not be read, or not wholly.
public enum DynamoDBStreamError: Error, Sendable, CustomStringConvertible {
    /// Records can no longer be read. Everything else was delivered. Read the table again and start with a new
    /// `DynamoDBStream`, or accept the loss with `continueAfterGap()`.
    case gap(StreamGap)
    /// The shards could not be listed. Shards known from before were read.
    case listing(DynamoDBError)
    /// Some shards could not be read now; the others were. The next call tries them again.
    case shards([String: DynamoDBError])
    /// The saved state is another stream's.
    case foreignState(expected: String, found: String)
    /// The consumer threw; what it had not taken is delivered again by the next call.
    case consumer(any Error)
    /// The task was cancelled. Nothing is lost: what was not taken is delivered again.
    case cancelled
    /// `close()` was called.
    case closed

    /// One line for an operator.
    public var description: String {
        switch self {
        case .gap(let gap):
            "the stream has a gap: \(gap). Read the table again and start anew, or call continueAfterGap()."
        case .listing(let error): "listing the shards failed: \(error)"
        case .shards(let errors):
            "\(errors.count) shard(s) could not be read: "
                + errors.sorted { $0.key < $1.key }.prefix(3).map { "\($0.key): \($0.value)" }.joined(separator: "; ")
        case .foreignState(let expected, let found):
            "the shard state belongs to stream \(found), not to \(expected). Read the table again and start without it."
        case .consumer(let error): "the consumer failed: \(error). What it had not taken comes again."
        case .cancelled: "reading the stream was cancelled"
        case .closed: "the stream was closed"
        }
    }
}
