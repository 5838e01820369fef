import Basics

@testable import TableModel

/// DynamoDB JSON: an item that is read, written and read again is the same item, by bytes; and what reads as an item is JSON.
struct ItemTarget: FuzzTarget {
    private let schema = KeySchema(
        partition: KeyAttribute(name: "id", type: .string),
        sort: KeyAttribute(name: "n", type: .number)
    )

    func run(_ bytes: UnsafeRawBufferPointer) {
        readValue(bytes)
        var reader = JSONReader(bytes)
        guard let item = try? reader.readItem(), (try? reader.readEnd()) != nil else { return }
        skip(bytes)
        var typed: [UInt8] = []
        var plain: [UInt8] = []
        item.packed.withUnsafeBytes { packed in
            PackedItem.appendDynamoDBJSON(packed, to: &typed)
            PackedItem.appendPlainJSON(packed, to: &plain)
        }
        require(read(typed) == item, "reading what was written gives another item")
        require(Item(item.attributes) == item, "packing what was unpacked gives another item")
        plain.withUnsafeBytes(skip)
        readIntoBatch(bytes, item)
    }

    private func read(_ text: [UInt8]) -> Item? {
        text.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            guard let item = try? reader.readItem(), (try? reader.readEnd()) != nil else { return nil }
            return item
        }
    }

    private func readValue(_ bytes: UnsafeRawBufferPointer) {
        var reader = JSONReader(bytes)
        guard let value = try? reader.readAttributeValue() else { return }
        var text: [UInt8] = []
        JSONWriter.appendDynamoDB(value, to: &text)
        let again = text.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            return try? reader.readAttributeValue()
        }
        require(again.map(PackedItem.pack) == PackedItem.pack(value), "reading a written value gives another")
    }

    /// The bulk path packs the same bytes, and finds the key that the item has.
    private func readIntoBatch(_ bytes: UnsafeRawBufferPointer, _ item: Item) {
        var batch = ItemBatch()
        var reader = JSONReader(bytes)
        let isTaken = (try? reader.readItem(into: &batch, schema: schema)) != nil
        let key = item.packed.withUnsafeBytes { try? PackedItem.key(of: $0, schema: schema) }
        require(isTaken == (key != nil), "the bulk path and the key disagree on whether there is a key")
        guard let entry = batch.entries.first else { return }
        require(Array(batch.arena[entry.item]) == item.packed, "the bulk path packs another item")
        require(ItemKey(bytes: Array(batch.arena[entry.key])) == key, "the bulk path finds another key")
    }

    private func skip(_ bytes: UnsafeRawBufferPointer) {
        var reader = JSONReader(bytes)
        require((try? reader.skipValue()) != nil && (try? reader.readEnd()) != nil, "an item that is no JSON")
    }
}
