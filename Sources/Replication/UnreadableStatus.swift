import TableModel

/// What of the table cannot be read, beside the items that are kept without their contents (`StoreSnapshot.unreadableCount`).
package struct UnreadableStatus: Sendable, Hashable {
    /// Records of the stream that were skipped since the contents were last read or compared as a whole: their keys cannot be read, so
    /// the items that they are of may be old.
    package var skippedRecords = 0
    /// Rows of the last scan or comparison that were skipped: their keys cannot be read, so they are missing.
    package var skippedRows = 0
    /// What could not be read last, and why; nil while there was nothing.
    package var last: String?
    /// Milliseconds since 1970 UTC at which that was.
    package var lastAt: Int64?
    package init() {}
}

/// Something that cannot be read, as an operator is told of it.
struct UnreadableReport: Sendable, Hashable {
    /// What it is, why it cannot be read, and what follows, in a sentence.
    let text: String
    /// Whether nothing is kept for it, so that no reader of a key learns of it.
    let isSkipped: Bool

    /// An item whose key can be read.
    static func item(_ key: ItemKey, _ schema: KeySchema, _ reason: String) -> UnreadableReport {
        UnreadableReport(
            text: "the item \(KeyText.of(key, schema)) cannot be read (\(reason)): requests for it are answered 502",
            isSkipped: false
        )
    }

    /// A record of the stream whose keys cannot be read.
    static func record(_ number: SequenceNumber, shardID: String, _ reason: String) -> UnreadableReport {
        UnreadableReport(
            text: "the keys of record \(number.text) of shard \(shardID) cannot be read (\(reason)): it is skipped, so "
                + "one item may be old until --verify-rcu or a restart reads the table",
            isSkipped: true
        )
    }

    /// A row of the table whose key cannot be read.
    static func row(_ reason: String) -> UnreadableReport {
        UnreadableReport(
            text: "a row of the table cannot be read, nor can its key (\(reason)): it is skipped, and missing here",
            isSkipped: true
        )
    }
}

/// A key in an operator's words.
enum KeyText {
    /// Characters of a key that are shown.
    private static let limit = 200

    /// The key as a JSON object, cut where it is long.
    static func of(_ key: ItemKey, _ schema: KeySchema) -> String {
        guard let attributes = try? key.attributes(schema: schema) else { return "of an invalid key" }
        var json: [UInt8] = []
        Item(attributes).packed.withUnsafeBytes { PackedItem.appendPlainJSON($0, to: &json) }
        let text = String(decoding: json, as: UTF8.self)
        return text.count <= limit ? text : text.prefix(limit) + "…"
    }
}
