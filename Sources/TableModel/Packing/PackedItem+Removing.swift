/// Items without some of their attributes. The bytes are those of an item that never had them, so that hashes agree.
extension PackedItem {
    /// Appends the item without the attributes of `names`. False, with nothing appended, when it has none of them.
    static func append(
        _ packed: UnsafeRawBufferPointer,
        without names: AttributePatterns,
        to output: inout [UInt8]
    ) -> Bool {
        var cursor = PackedCursor(packed)
        let count = cursor.readVarint()
        var kept: [UnsafeRawBufferPointer] = []
        var keptCount = 0
        // Neighbours that are kept are copied in one piece.
        var run = cursor.position
        func endRun(at end: UnsafeRawPointer) {
            if end > run { kept.append(UnsafeRawBufferPointer(start: run, count: end - run)) }
        }
        for _ in 0..<count {
            let start = cursor.position
            let name = cursor.readText().bytes
            _ = cursor.readValue()
            if names.contains(name) {
                endRun(at: start)
                run = cursor.position
            } else {
                keptCount += 1
            }
        }
        guard keptCount < count else { return false }
        endRun(at: cursor.position)
        withUnsafeTemporaryAllocation(byteCount: 10, alignment: 1) { header in
            guard let start = header.baseAddress else { return }
            output.append(contentsOf: header.prefix(PackBuffer.write(varint: keptCount, at: start)))
        }
        for piece in kept { output.append(contentsOf: piece) }
        return true
    }
}

extension Item {
    /// The item without the attributes of `names`; itself when it has none of them.
    package func removing(_ names: AttributePatterns) -> Item {
        var output: [UInt8] = []
        let isChanged = packed.withUnsafeBytes { PackedItem.append($0, without: names, to: &output) }
        return isChanged ? Item(packed: output) : self
    }
}

extension ItemBatch {
    /// The batch with each item without the attributes of `names`. Keys stay as they are.
    package func removing(_ names: AttributePatterns) -> ItemBatch {
        var batch = ItemBatch()
        batch.arena.reserveCapacity(arena.count)
        batch.entries.reserveCapacity(entries.count)
        arena.withUnsafeBytes { bytes in
            for entry in entries {
                let start = batch.arena.count
                let item = UnsafeRawBufferPointer(rebasing: bytes[entry.item])
                if !PackedItem.append(item, without: names, to: &batch.arena) { batch.arena.append(contentsOf: item) }
                let end = batch.arena.count
                batch.arena.append(contentsOf: bytes[entry.key])
                batch.entries.append(ItemBatch.Entry(key: end..<batch.arena.count, item: start..<end))
            }
        }
        return batch
    }
}
