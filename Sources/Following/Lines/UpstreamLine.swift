import ReplicaStore
import TableModel

/// A line of an upstream's feed (`mode=replica`) that is no change.
enum UpstreamLine: Sendable, Hashable {
    /// The instances between the stream and this replica, nearest first.
    case source(UpstreamSource)
    /// Contents begin, go on after a move, or have another name.
    case contents(UpstreamContents)
    /// A settled head.
    case mark(UpstreamMark)
    /// Forget everything; what follows starts over.
    case reset(reason: String)
    /// The position that was asked for is another replica's: what follows may repeat what is here.
    case moved
    /// Nothing can be sent for now.
    case busy(reason: String, detail: String)
    /// The upstream ends the stream.
    case bye(reason: String, detail: String?, retry: Duration?)
    /// A line that needs no action, of this release or of a later one.
    case other
}

/// The version of the feed, and who stands behind it.
struct UpstreamSource: Sendable, Hashable {
    /// The version that this release reads.
    static let knownProtocol: Int64 = 1

    var version: Int64
    /// Ids of instances.
    var chain: [String]
}

/// What an upstream's contents are.
struct UpstreamContents: Sendable, Hashable {
    var epoch: Epoch
    var tableName: String
    var keySchema: KeySchema
    /// Nil where the upstream does not know it.
    var streamARN: String?
    /// Nil where the upstream does not know it; then no position has times.
    var stream: StreamTag?
    var ignoredAttributes: String
    /// Milliseconds since 1970 UTC; see `StreamProgress.birth`.
    var birth: Int64?
    var isPartial: Bool
}

/// The upstream's place and condition, all of its contents up to there having been told.
struct UpstreamMark: Sendable, Hashable {
    var position: Position
    /// Milliseconds behind the table; nil while unknown.
    var lagMilliseconds: Int64?
    /// The upstream's own state.
    var state: String
    /// Why it is in that state.
    var reason: String
    /// Nil where the token may not see all keys.
    var items: Int64?
    var digest: ContentDigest?
    /// Removals up to here cannot be told any more.
    var horizon: UInt64
    /// When it was sent, by a clock of the upstream that runs evenly; nil where it does not say.
    var sentAt: Duration?
}

/// The members of a change beside its key and item, which are in the batch that the line was read into.
struct UpstreamChange: Sendable, Hashable {
    var epoch: Epoch
    var seq: UInt64
    var isPut: Bool
    var version: SequenceNumber?
    /// Milliseconds since 1970 UTC.
    var at: Int64
    var cause: ChangeCause
}

/// Why a line of an upstream cannot be used.
struct UpstreamLineError: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String
}
