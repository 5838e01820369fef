/// How DescribeStream's listing is bent for a while: shards that are not listed yet, parents that still look open.
struct ShardListing: Sendable {
    /// Listings in which a shard is still missing.
    private var hidden: [String: Int] = [:]
    /// Shards whose EndingSequenceNumber is never listed.
    private var looksOpen: Set<String> = []
    /// Shards whose reading does not end with them.
    private var endless: Set<String> = []

    mutating func hide(_ shard: String, listings: Int) {
        hidden[shard] = listings
    }

    mutating func keepLookingOpen(_ shard: String, neverEnds: Bool) {
        looksOpen.insert(shard)
        if neverEnds { endless.insert(shard) }
    }

    /// Whether a closed shard's last page comes with an iterator all the same.
    func isEndless(_ shard: String) -> Bool { endless.contains(shard) }

    mutating func reset() {
        hidden = [:]
        looksOpen = []
        endless = []
    }

    func showsEnd(of shard: String) -> Bool { !looksOpen.contains(shard) }

    /// The shards of one listing; each listing brings hidden ones nearer. Only first pages count.
    mutating func visible(_ shards: [ShardLog], countsDown: Bool) -> [ShardLog] {
        let visible = shards.filter { hidden[$0.id] == nil }
        guard countsDown else { return visible }
        for shard in shards {
            guard let left = hidden[shard.id] else { continue }
            hidden[shard.id] = left > 1 ? left - 1 : nil
        }
        return visible
    }
}
