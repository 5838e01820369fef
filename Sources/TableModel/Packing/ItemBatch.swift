/// Many keyed items in one arena: what a Scan page becomes, without an allocation per item.
package struct ItemBatch: Sendable {
    /// The places of one item's key and packed bytes in `arena`.
    package struct Entry: Sendable {
        package let key: Range<Int>
        package let item: Range<Int>
        package init(key: Range<Int>, item: Range<Int>) {
            self.key = key
            self.item = item
        }
    }

    package var arena: [UInt8]
    package var entries: [Entry]
    package init(arena: [UInt8] = [], entries: [Entry] = []) {
        self.arena = arena
        self.entries = entries
    }
}
