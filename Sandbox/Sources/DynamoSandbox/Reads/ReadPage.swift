import Basics
import TableModel

/// A page of a Scan or Query under construction: what it read, what it keeps, where it stops.
struct ReadPage {
    private(set) var items: [StoredItem] = []
    private(set) var count = 0
    private(set) var scannedCount = 0
    private(set) var bytes = 0
    /// The last item read, if the page is full: the key to resume at.
    private(set) var lastEvaluated: StoredItem?

    private let limit: Int?
    private let pageBytes: Int
    private let filter: Condition?
    private let countsOnly: Bool

    init(limit: Int?, pageBytes: Int, filter: Condition?, countsOnly: Bool) {
        self.limit = limit
        self.pageBytes = pageBytes
        self.filter = filter
        self.countsOnly = countsOnly
    }

    /// Reads an item. False when the page is full with it: Limit counts before the filter, and so do bytes.
    mutating func read(_ stored: StoredItem) -> Bool {
        scannedCount += 1
        bytes += stored.size
        if filter?.holds(for: stored.item.attributes) ?? true {
            count += 1
            if !countsOnly { items.append(stored) }
        }
        guard scannedCount == limit || bytes >= pageBytes else { return true }
        lastEvaluated = stored
        return false
    }

    func response(
        of table: Table,
        _ projection: Projection?,
        _ capacity: Capacity,
        consistent: Bool
    ) -> [UInt8] {
        var output = JSONWriter(capacity: countsOnly ? 256 : bytes + bytes / 2 + 256)
        output.object { output in
            if !countsOnly {
                output.name("Items")
                output.array(items) { $0.item($1, projection) }
            }
            output.member("Count", count)
            output.member("ScannedCount", scannedCount)
            if let last = lastEvaluated {
                output.member("LastEvaluatedKey", table.keyAttributes(of: last.item.attributes))
            }
            capacity.write([(table.name, Capacity.read(bytes, consistent: consistent))], &output)
        }
        return output.bytes
    }
}
