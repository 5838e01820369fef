import Basics
import TableModel

extension JSONWriter {
    /// Writes a packed item in DynamoDB's typed form.
    mutating func item(_ item: Item) {
        separate()
        item.packed.withUnsafeBytes { PackedItem.appendDynamoDBJSON($0, to: &bytes) }
    }

    /// Writes attributes in DynamoDB's typed form.
    mutating func attributes(_ attributes: Attributes) { item(Item(attributes)) }

    /// Writes a member that is attributes.
    mutating func member(_ name: String, _ attributes: Attributes) {
        self.name(name)
        self.attributes(attributes)
    }

    /// Writes a member that is a time in milliseconds since 1970, as seconds with three decimals.
    mutating func member(_ name: String, seconds milliseconds: Int64) {
        let fraction = String(milliseconds % 1_000)
        let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
        member(name, raw: "\(milliseconds / 1_000).\(zeros)\(fraction)")
    }
}
