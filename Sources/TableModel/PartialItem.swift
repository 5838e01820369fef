/// An item in DynamoDB's typed JSON that cannot be read as a whole: what can be read of it, and why the rest cannot.
///
/// It is how a value of a type that this release does not know, or one that breaks DynamoDB's rules, stays a fault of its own item.
public struct PartialItem: Sendable, Hashable {
    /// The attributes that can be read.
    public let attributes: [AttributeName: AttributeValue]
    /// Why the item cannot be read, in a few words, without any of its contents.
    public let reason: String
    /// The attributes that cannot be read; nil where the item is not even an object.
    private let unreadable: Set<AttributeName>?

    /// Takes JSON that is well formed and is not an item apart. `reason` is why it is none.
    package init(_ bytes: UnsafeRawBufferPointer, reason: String) {
        var attributes: [AttributeName: AttributeValue] = [:]
        var unreadable: Set<AttributeName> = []
        var json = JSONReader(bytes)
        let outcome = Result { () throws(JSONError) in
            try json.readObject { name, json throws(JSONError) in
                let name = AttributeName(name)
                var value = JSONReader(try json.skipValue(in: bytes))
                // Of an attribute that occurs twice nobody knows which is meant.
                if !unreadable.contains(name), attributes[name] == nil, let read = try? value.readAttributeValue() {
                    attributes[name] = read
                } else {
                    attributes[name] = nil
                    unreadable.insert(name)
                }
            }
        }
        self.attributes = attributes
        self.reason = reason
        if case .success = outcome { self.unreadable = unreadable } else { self.unreadable = nil }
    }

    /// The item's primary key; nil where an attribute of it cannot be read. Throws where what can be read is no key of `schema`:
    /// then the item is of another table, whatever else is wrong with it.
    public func key(schema: KeySchema) throws(KeyError) -> ItemKey? {
        for attribute in [schema.partition, schema.sort].compactMap({ $0 }) {
            guard let unreadable, !unreadable.contains(AttributeName(attribute.name)) else { return nil }
        }
        guard let partition = attributes[AttributeName(schema.partition.name)] else {
            throw .missing(attribute: schema.partition.name)
        }
        return try ItemKey(
            partition: partition,
            sort: schema.sort.flatMap { attributes[AttributeName($0.name)] },
            schema: schema
        )
    }
}

extension JSONReader {
    /// Reads past the next value, and returns where it stood. `whole` are the bytes that this reader reads.
    package mutating func skipValue(in whole: UnsafeRawBufferPointer) throws(JSONError) -> UnsafeRawBufferPointer {
        let start = offset
        try skipValue()
        return UnsafeRawBufferPointer(rebasing: whole[start..<offset])
    }
}
