import Basics
import TableModel

/// Faults of single items, records and rows, beside the items that are kept by their keys alone (`StoreSnapshot.unreadableCount`).
package struct UnreadableStatus: Sendable, Hashable {
    /// One fault.
    package struct Report: Sendable, Hashable {
        /// The thing that cannot be read, the reason and the consequence.
        package let text: String
        /// Milliseconds since 1970 UTC.
        package let at: Int64
        package init(text: String, at: Int64) {
            self.text = text
            self.at = at
        }
    }

    /// Records of the stream that were skipped because their keys cannot be read, since the replica was last read or compared as a whole.
    /// The items that they are of may be old.
    package var skippedRecords = 0
    /// Rows of the last scan or comparison that were skipped because their keys cannot be read. They are missing.
    package var skippedRows = 0
    /// The newest faults, the newest first; `ReplicationLimits.unreadableReports` at most.
    package var recent: [Report] = []
    package init() {}
}

/// Something that cannot be read, as an operator is told of it.
struct UnreadableReport: Sendable, Hashable {
    /// The thing, the reason and the consequence, in a sentence.
    let text: String

    /// An item whose key can be read.
    static func item(_ key: ItemKey, _ schema: KeySchema, _ reason: String) -> UnreadableReport {
        UnreadableReport(
            text: "the item \(KeyText.of(key, schema)) cannot be read (\(reason)): the response for it is 502"
        )
    }

    /// A record of the stream whose keys cannot be read.
    static func record(_ number: SequenceNumber, shardID: String, _ reason: String) -> UnreadableReport {
        UnreadableReport(
            text: "the keys of record \(number.text) of shard \(shardID) cannot be read (\(reason)): it is skipped, so "
                + "one item may be old until the table has been compared, which begins within a minute, or an "
                + "hour after the last comparison"
        )
    }

    /// A row of the table whose key cannot be read.
    static func row(_ reason: String) -> UnreadableReport {
        UnreadableReport(
            text: "a row of the table cannot be read, and neither can its key (\(reason)): it is skipped, and "
                + "missing here"
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
        return escaped(text.count <= limit ? text : text.prefix(limit) + "…")
    }

    /// Without a character that ends a line, moves the cursor or turns the direction of a text: each becomes an escape of JSON.
    private static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            if Excerpt.isSeen(scalar) {
                output.unicodeScalars.append(scalar)
            } else {
                for unit in String(scalar).utf16 { output += "\\u" + Hex.text(unit, width: 4) }
            }
        }
        return output
    }
}
