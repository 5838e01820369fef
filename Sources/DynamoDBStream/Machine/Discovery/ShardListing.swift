import DynamoDBClient

/// A listing in progress, page by page. A failed page is asked for again; the pages before it are kept.
struct ShardListing: Sendable {
    /// When its first page was asked for.
    let begun: Duration
    private(set) var shards: [Shard] = []
    private(set) var ids: Set<String> = []
    /// The shard after which the next page begins; nil for the first page.
    private(set) var next: String?
    private var visited: Set<String> = []

    init(begun: Duration) { self.begun = begun }

    mutating func add(_ page: [Shard]) {
        for shard in page where ids.insert(shard.id).inserted { shards.append(shard) }
    }

    /// False if this page was asked for before, so that the listing would never end.
    mutating func proceed(to next: String) -> Bool {
        guard visited.insert(next).inserted else { return false }
        self.next = next
        return true
    }
}
