import Basics

/// The memory that a table's contents take, by DescribeTable's counts or by the replica's own. Pure.
struct TableMemory: Sendable, Hashable {
    /// Resident bytes of a process without a table.
    static let processBytes: Int64 = 44 << 20
    /// Bytes beside its contents that an item takes: its allocation, its places in two trees and the changes since it was saved.
    static let bytesPerItem: Int64 = 176
    /// Bytes for each byte of an item: names and values are packed about as DynamoDB counts them.
    static let share = 1.05

    /// Bytes of keys and attributes.
    let bytes: Int64
    let items: Int64

    /// Bytes of memory for the contents alone; nil where nothing was counted yet, as for a young table.
    var contents: Int64? {
        guard bytes > 0 || items > 0 else { return nil }
        let estimate = Double(bytes) * Self.share + Double(max(0, items)) * Double(Self.bytesPerItem)
        return Int64(saturating: estimate)
    }

    /// Bytes of memory for the process with these contents.
    var process: Int64? { contents.map { Int64(saturating: Double($0) + Double(Self.processBytes)) } }
}
