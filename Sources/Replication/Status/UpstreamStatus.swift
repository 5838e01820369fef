/// The upstream that is followed (`--follow`), and what following has done since the process began.
package struct UpstreamStatus: Sendable, Hashable {
    /// The address that is followed or tried, as the operator gave it.
    package var url: String
    /// Ids of the instances between this replica and the stream, nearest first.
    package var chain: [String]
    /// Whether lines come, and the newest bookmark was equal.
    package var isFollowed: Bool
    /// Why not; nil while lines come.
    package var trouble: String?
    package var connections: Int
    /// Loads of the whole contents.
    package var loads: Int
    /// Connections that went on where the replica stood.
    package var resumptions: Int
    /// The same on another replica of the stream, by the times of its records.
    package var moves: Int
    /// Comparisons of the contents with a bookmark's digest.
    package var comparisons: Int
    /// How many of them found a difference.
    package var differences: Int
    /// Streams that were ended because their lines contradicted each other or the contents.
    package var contradictions: Int
    /// Bytes of lines, after decompression.
    package var bytes: Int

    /// Nothing has been asked yet without arguments.
    package init(
        url: String = "",
        chain: [String] = [],
        isFollowed: Bool = false,
        trouble: String? = nil,
        connections: Int = 0,
        loads: Int = 0,
        resumptions: Int = 0,
        moves: Int = 0,
        comparisons: Int = 0,
        differences: Int = 0,
        contradictions: Int = 0,
        bytes: Int = 0
    ) {
        self.url = url
        self.chain = chain
        self.isFollowed = isFollowed
        self.trouble = trouble
        self.connections = connections
        self.loads = loads
        self.resumptions = resumptions
        self.moves = moves
        self.comparisons = comparisons
        self.differences = differences
        self.contradictions = contradictions
        self.bytes = bytes
    }
}
