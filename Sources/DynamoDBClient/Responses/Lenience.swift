import TableModel

/// An item that cannot be read, as an error.
struct UnreadableItem: Error {
    let item: PartialItem
}

/// How a response is read that may hold items of a kind that this release cannot read: strictly first, which is fast, and only where
/// something is wrong a second time, with a look at each item by itself. A fault of one item then stays there.
enum Lenience {
    /// Reads `bytes` with `decode`, which is told whether to tolerate faults of single items. Throws what the strict reading threw where
    /// tolerance does not help.
    static func decode<Page>(
        _ bytes: UnsafeRawBufferPointer,
        _ decode: (UnsafeRawBufferPointer, _ toleratesFaults: Bool) throws(JSONError) -> Page
    ) throws(JSONError) -> Page {
        do throws(JSONError) {
            return try decode(bytes, false)
        } catch let strict {
            do throws(JSONError) { return try decode(bytes, true) } catch { throw strict }
        }
    }

    /// Reads one item; a failure for one that cannot be read, where that is tolerated.
    static func readItem(
        _ json: inout JSONReader,
        toleratesFaults: Bool
    ) throws(JSONError) -> Result<Item, UnreadableItem> {
        if !toleratesFaults { return .success(try json.readItem()) }
        let bytes = try json.skipLoosely()
        var item = JSONReader(bytes)
        do throws(JSONError) { return .success(try item.readItem()) } catch {
            return .failure(UnreadableItem(item: PartialItem(bytes, reason: error.reason)))
        }
    }
}
