import ItemQuery
import ReplicaStore

/// One page of a list, encoded as far as it is small.
struct ItemPage {
    /// The items' JSON, separated by commas.
    private(set) var items: PageMeter
    private(set) var count = 0
    /// The key behind which the next page begins; nil on the last.
    private(set) var next: [UInt8]?

    /// Reads a page: up to `limit` items, `limits.pageBytes` of them, and what `limits` lets it look at.
    init(
        _ walk: inout ItemWalk,
        in snapshot: StoreSnapshot,
        _ representation: ItemRepresentation,
        limit: Int,
        limits: APILimits
    ) {
        var items = PageMeter(limit: limits.wholeBytes)
        var count = 0
        let step = walk.step(in: snapshot, budget: limits.pageBudget) { record in
            if count == limit || items.count >= limits.pageBytes { return false }
            items.take { bytes in
                if count > 0 { bytes.append(UInt8(ascii: ",")) }
                record.withPackedItem { representation.append($0, to: &bytes) }
            }
            count += 1
            return true
        }
        self.items = items
        self.count = count
        next = step == .finished ? nil : walk.after
    }
}
