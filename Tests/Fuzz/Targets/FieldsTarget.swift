@testable import ItemQuery
@testable import TableModel

/// The grammar of `fields`: what is selected is an item, no larger than the whole one, and selecting it again changes nothing.
struct FieldsTarget: FuzzTarget {
    func run(_ bytes: UnsafeRawBufferPointer) {
        let text = String(decoding: bytes, as: UTF8.self)
        let selection: FieldSelection
        do throws(QuerySyntaxError) {
            selection = try FieldSelection(text)
        } catch {
            require(error.column >= 1 && error.column <= text.unicodeScalars.count + 1, "an error outside of the text")
            return
        }
        for item in sampleItems {
            let selected = item.withUnsafeBytes { selection.project($0) }
            var typed: [UInt8] = []
            selected.withUnsafeBytes { PackedItem.appendDynamoDBJSON($0, to: &typed) }
            let read = typed.withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                return try? reader.readItem()
            }
            require(read?.packed == selected, "what was selected is not a packed item")
            require(selected.count <= item.count, "the part is larger than the whole")
            // Elements of a list close ranks, so an index may mean another one the second time.
            if !text.utf8.contains(UInt8(ascii: "[")) {
                let again = selected.withUnsafeBytes { selection.project($0) }
                require(again == selected, "selecting twice is not selecting once")
            }
        }
    }
}
