/// The type of a key attribute: the three that DynamoDB allows.
public enum KeyType: String, Sendable, Hashable {
    case string = "S"
    case number = "N"
    case binary = "B"
}

/// One attribute of a table's primary key.
public struct KeyAttribute: Sendable, Hashable {
    /// The attribute's name.
    public let name: String
    /// The attribute's type.
    public let type: KeyType
    /// Names a key attribute.
    public init(name: String, type: KeyType) {
        self.name = name
        self.type = type
    }

    /// Whether both have one type and one name by its bytes, as DynamoDB tells names apart.
    public static func == (left: KeyAttribute, right: KeyAttribute) -> Bool {
        left.type == right.type && ByteOrder.compare(left.name, right.name) == 0
    }

    /// Hashes the name's bytes and the type.
    public func hash(into hasher: inout Hasher) {
        ByteOrder.hash(name, into: &hasher)
        hasher.combine(type)
    }
}

/// A table's primary key: a partition key, and for composite tables a sort key.
public struct KeySchema: Sendable, Hashable {
    /// The partition (hash) key attribute.
    public let partition: KeyAttribute
    /// The sort (range) key attribute; nil for a hash-only table.
    public let sort: KeyAttribute?
    /// Describes a primary key.
    public init(partition: KeyAttribute, sort: KeyAttribute? = nil) {
        self.partition = partition
        self.sort = sort
    }
}

/// Why something is not a key of a table.
public enum KeyError: Error, Sendable, Hashable {
    case missing(attribute: String)
    case wrongType(attribute: String, expected: KeyType)
    case invalidNumber(attribute: String, text: String)
    case unexpected(attribute: String)
    /// The bytes given as an encoded key are not one.
    case malformed
}
