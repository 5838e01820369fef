/// How often something happened.
struct FleetCounts: Sendable {
    /// Connections with a position of another replica.
    var hops = 0
    var moves = 0
    var waits = 0
    var resets = 0
    var walks = 0
    /// Steps that came again with a mark.
    var repeats = 0
    /// Keys that went back because a record was late.
    var late = 0
    /// Keys that a replica put right.
    var repairs = 0
    /// First loads that came to their end, and those whose pages came from several processes.
    var loads = 0
    var mixedLoads = 0
    /// Of followers: bookmarks that were compared, and how the connections began.
    var bookmarks = 0
    var followerLoads = 0
    var followerResumptions = 0
    var followerMoves = 0
    /// Contents that were found to differ.
    var differences = 0

    init() {}

    /// Adds those of another fleet.
    static func += (sum: inout FleetCounts, other: FleetCounts) {
        sum.hops += other.hops
        sum.moves += other.moves
        sum.waits += other.waits
        sum.resets += other.resets
        sum.walks += other.walks
        sum.repeats += other.repeats
        sum.late += other.late
        sum.repairs += other.repairs
        sum.loads += other.loads
        sum.mixedLoads += other.mixedLoads
        sum.bookmarks += other.bookmarks
        sum.followerLoads += other.followerLoads
        sum.followerResumptions += other.followerResumptions
        sum.followerMoves += other.followerMoves
        sum.differences += other.differences
    }
}
