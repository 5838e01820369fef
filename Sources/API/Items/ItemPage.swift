import ItemQuery
import ReplicaStore
import TableModel

/// One page of a list, encoded in steps, as far as it is small.
struct ItemPage {
    /// The items' JSON, separated by commas.
    private(set) var items: PageMeter
    private(set) var count = 0
    /// The keys of the page's range whose items cannot be read; as many as a page has items at most.
    private(set) var unreadable: [ItemKey] = []
    /// The key behind which the next page begins; nil on the last.
    private(set) var next: [UInt8]?
    private var walk: ItemWalk
    private let representation: ItemRepresentation
    private let limit: Int
    private let limits: APILimits

    /// A page that holds nothing yet: up to the query's limit of items, `limits.pageBytes` of them, and what `limits` lets it look at.
    init(_ query: ListQuery, limits: APILimits) {
        items = PageMeter(limit: limits.wholeBytes)
        walk = query.walk
        representation = query.filter.representation
        limit = query.limit ?? limits.defaultItems
        self.limits = limits
    }

    /// Takes one step, always in the same snapshot, so that the page is of one instant. True when the page is complete.
    mutating func read(in snapshot: StoreSnapshot) -> Bool {
        var items = PageMeter(limit: 0)
        // Taken out, so that it is appended to in place.
        swap(&items, &self.items)
        var count = count
        var unreadable = unreadable
        let whole = limits.pageBudget
        let rest = WalkBudget(records: whole.records - walk.examined, bytes: whole.bytes - walk.work)
        let step = walk.step(
            in: snapshot,
            budget: limits.stepBudget.within(rest),
            unreadable: { record in
                if unreadable.count == limit { return false }
                unreadable.append(record.key)
                return true
            }
        ) { record in
            if count == limit || items.count >= limits.pageBytes { return false }
            items.take { bytes in
                if count > 0 { bytes.append(UInt8(ascii: ",")) }
                record.withPackedItem { representation.append($0, to: &bytes) }
            }
            count += 1
            return true
        }
        swap(&items, &self.items)
        self.count = count
        self.unreadable = unreadable
        if step == .paused, walk.examined < whole.records, walk.work < whole.bytes { return false }
        next = step == .finished ? nil : walk.after
        return true
    }
}
