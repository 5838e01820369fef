import ItemQuery
import TableModel

/// Which keys a token may see: one partition, the partitions whose keys begin alike, or a part of one partition. Keys never change,
/// so an item never moves into or out of what a token may see.
struct KeyRestriction: Sendable, Hashable {
    enum Partition: Sendable {
        /// The partition key as a path writes it: S as it is, N as digits, B as base64url.
        case exactly(String)
        /// How partition keys begin; of type S or B.
        case prefix(String)
    }

    let partition: Partition
    /// How sort keys begin, of type S or B; only with one partition.
    let sortPrefix: String?

    /// By bytes, as keys are told apart: a text in another Unicode normal form restricts to other keys.
    static func == (left: KeyRestriction, right: KeyRestriction) -> Bool { left.bytes == right.bytes }

    func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    /// What restricts, as bytes that no other restriction has; FF is in no text.
    private var bytes: [UInt8] {
        let beginning: [UInt8] =
            switch partition {
            case .exactly(let text): [0] + text.utf8
            case .prefix(let text): [1] + text.utf8
            }
        return beginning + (sortPrefix.map { [0xFF] + $0.utf8 } ?? [])
    }

    /// The keys in the table's order; nil when the table's key is of a type that cannot be restricted so.
    func range(in schema: KeySchema) -> KeyRange? {
        switch partition {
        case .exactly(let text):
            guard var lower = Self.partitionBytes(text, schema) else { return nil }
            if let sortPrefix {
                guard let sort = schema.sort, let bytes = Self.bytes(sortPrefix, sort.type) else { return nil }
                lower += bytes
            }
            return KeyRange(prefix: lower)
        case .prefix(let text):
            guard schema.partition.type != .number, let bytes = Self.partitionBytes(text, schema) else { return nil }
            // Without the two bytes that end the partition's key.
            return KeyRange(prefix: Array(bytes.dropLast(2)))
        }
    }

    private static func partitionBytes(_ text: String, _ schema: KeySchema) -> [UInt8]? {
        guard let value = try? KeyParser.parse(Array(text.utf8), as: schema.partition) else { return nil }
        return try? ItemKey.partitionPrefix(value, schema: schema)
    }

    private static func bytes(_ text: String, _ type: KeyType) -> [UInt8]? {
        switch type {
        case .string: Array(text.utf8)
        case .binary: Base64.decodeURL(text)
        case .number: nil
        }
    }

    /// The keys that lie in both; nil when there can be none.
    static func intersection(_ first: KeyRange, _ second: KeyRange) -> KeyRange? {
        func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }
        var both = first
        if let lower = second.lower, both.lower.map({ isBefore($0, lower) }) ?? true { both.lower = lower }
        if let upper = second.upper, both.upper.map({ isBefore(upper, $0) }) ?? true { both.upper = upper }
        if let lower = both.lower, let upper = both.upper, !isBefore(lower, upper) { return nil }
        return both
    }

    /// What a problem says of it.
    var text: String {
        switch partition {
        case .exactly(let text):
            let sort = sortPrefix.map { " and a sort key beginning '\(QueryParameters.shown($0))'" } ?? ""
            return "the partition key '\(QueryParameters.shown(text))'\(sort)"
        case .prefix(let text): return "a partition key beginning '\(QueryParameters.shown(text))'"
        }
    }
}
