/// Every bound of the feed, in one place, with what happens at it.
package struct FeedLimits: Sendable, Hashable {
    /// Streams and long polls open at once; one more is told `busy` and ended, or refused with 429.
    package var maximumSubscribers = 20_000
    /// The same from one address, which may be a proxy's; nil is half of all places.
    package var maximumSubscribersPerAddress: Int?
    /// A shared frame is cut at the first event that reaches this many bytes.
    package var frameBytes = 16_384
    /// A shared frame is cut after so many changes were looked at, whether or not they pass the filter. Earlier states of a key count
    /// as changes, and so does every further `visitBytes` of items.
    package var visitedPerFrame = 1024
    /// Changes that one subscriber may have looked at before others have their turn, counted in the same way: half a millisecond.
    package var visitedPerTurn = 1024
    /// Changes that a page looks at from its first one on, counted in the same way; then it ends early.
    package var visitedPerPage = 8192
    /// Bytes of items, each as often as filter and representation look at it, that count as one change looked at.
    static let visitBytes = 1024
    /// Bytes that a JSON Patch may have beyond the new item; a longer one becomes a `replace` of a part, at worst of the whole item.
    static let patchAllowance = 1_000
    /// What is looked at of one key's earlier states, counted in the same way; with more of them its removal is told.
    static let visitedPerLeave = 10_000
    /// Bytes of shared frames kept; the oldest are dropped and encoded again when somebody needs them. Compressed ones may take as
    /// much again.
    package var cachedFrameBytes = 8_388_608
    /// How long a shared frame is given to readers when there is something newer.
    package var frameAge: Duration = .seconds(1)
    /// How long new subscribers share one snapshot base, and with it the frames of their snapshots.
    package var snapshotBaseAge: Duration = .seconds(1)
    /// Silence after which a stream sends a bookmark, unless the subscriber asks for another.
    package var heartbeat: Duration = .seconds(15)
    /// What a subscriber may ask for.
    package var heartbeatRange: ClosedRange<Duration> = .seconds(1)...(.seconds(300))
    /// The longest `timeout` a subscriber may ask for.
    package var maximumTimeout: Duration = .seconds(86_400)
    /// The longest time over which a subscriber may ask changes to be gathered.
    package var maximumBatch: Duration = .seconds(10)
    /// The age at which a stream is ended, less up to a fifth so that clients do not come back all at once; nil for none.
    package var maximumStreamAge: Duration? = .seconds(900)
    /// Milliseconds after which a client should reconnect, at least. Each client is told a random time from this to so many times as
    /// much (`RetryHints`): a connection may break for all at once.
    package var retryMilliseconds = 1000
    static let retrySpread = 2
    /// The same where the server drains, and all clients go to others.
    static let drainSpread = 5
    /// The same where no place is free.
    static let overloadSpread = 10
    /// How far before a position of another replica the feed begins again. A record that the stream delivered to that replica later than this
    /// would be missed.
    package var resumeOverlap: Duration = .seconds(10)
    /// How long a subscriber waits for this replica to reach the states that it holds from another one; then it is told `busy`.
    package var placementPatience: Duration = .seconds(10)
    /// How often it is looked whether the replica has; as often as the replica looks for evidence.
    package static let placementPause: Duration = .milliseconds(250)
    /// A follower's feed says at least so often what the follower holds, and looks for another chain of sources.
    package var replicaBookmarkInterval: Duration = .milliseconds(250)
    /// Followers' feeds open at once, half of them from one address; one more is refused with 429. They may be slower than others for minutes, so
    /// what they keep must stay far below what may wait for slow clients.
    package var maximumFollowers = 256
    /// A follower that may be ahead of this replica is told so again after so long: it takes a longer silence for a dead connection.
    package var replicaBusyInterval: Duration = .seconds(2)
    /// A follower's pass over all rows begins at the next multiple of this, so that followers that join together share its frames.
    package var replicaJoinWindow: Duration = .milliseconds(500)
    /// How long a shared frame of rows is given to followers. Longer than `frameAge`: what changed since comes as a step behind it, and a frame that
    /// one follower made is worth more to the next than the newest states.
    package var replicaFrameAge: Duration = .seconds(10)
    /// How long a follower may take no byte before it is cut off. A follower that is cut off while it takes in a large table would have to
    /// begin again; what its stream keeps in memory is one turn's bytes (`HTTPServerLimits.streamBudgetBytes`).
    package var replicaStallTimeout: Duration = .seconds(300)
    /// Changes of a page when the client does not say, and at most.
    package var defaultPageChanges = 1000
    package var maximumPageChanges = 10_000
    /// Bytes of a page's changes, or of an item's history; what reaches it ends early.
    package var pageBytes = 4_194_304
    /// A page is handed on whenever so many bytes of it have gathered.
    package var pieceBytes = 65_536
    /// The longest a page is waited for (`Prefer: wait`); a longer wait is cut to it.
    package var maximumWait: Duration = .seconds(60)
    /// How long caches may keep a page that stays right (`PageCaching`); nil lets them keep no page at all. A copy that is older than the
    /// memory of removals leads to a position that is gone: its reader starts over, which is right and costs a load.
    package var closedPageAge: Duration? = .seconds(3600)
    /// How long caches may give any other page to those who ask for the same. Long enough that a thousand get it, and in whole seconds,
    /// since caches count in them.
    package static let livePageAge: Duration = .seconds(1)
    /// Whether the store keeps steps (`StoreLimits.historyBytes`); without them there is no mode `all`.
    package var keepsHistory = true
    /// Versions of an item's history when the client does not say, and at most. It ends early at `pageBytes`.
    package var defaultVersions = 20
    package var maximumVersions = 200
    package init() {}

    /// The bound for one address.
    var perAddress: Int { maximumSubscribersPerAddress ?? max(1, maximumSubscribers / 2) }
}
