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

    /// Takes apart JSON that is well formed but not an item. `reason` says why it is not one.
    package init(_ bytes: UnsafeRawBufferPointer, reason: String) {
        var attributes: [AttributeName: AttributeValue] = [:]
        var unreadable: Set<AttributeName> = []
        var json = JSONReader(bytes)
        var isObject = true
        do throws(JSONError) {
            try json.beginObject()
            while let member = try json.nextMember() {
                let name = AttributeName(member.text)
                var value = JSONReader(try json.skipLoosely())
                // Of an attribute that occurs twice nobody knows which is meant.
                if !unreadable.contains(name), attributes[name] == nil, let read = try? value.readAttributeValue() {
                    attributes[name] = read
                } else {
                    attributes[name] = nil
                    unreadable.insert(name)
                }
            }
        } catch {
            isObject = false
        }
        self.attributes = attributes
        self.reason = reason
        self.unreadable = isObject ? unreadable : nil
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
    /// Reads past the next value and returns its bytes. Objects, arrays and strings are told by their brackets and quotes alone,
    /// however deep or wrong their contents are: a later look at the value finds that.
    package mutating func skipLoosely() throws(JSONError) -> UnsafeRawBufferPointer {
        skipSpace()
        let first = position
        switch try peek() {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\""): try skipToClose()
        default: try skipValue()
        }
        return UnsafeRawBufferPointer(start: first, count: position - first)
    }

    private mutating func skipToClose() throws(JSONError) {
        var depth = 0
        repeat {
            guard position < end else { throw failure("expected the end of a value, found the end") }
            switch position.pointee {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""): try skipToQuote()
            default: break
            }
            position += 1
        } while depth > 0
    }

    /// From a string's first quote to its last.
    private mutating func skipToQuote() throws(JSONError) {
        position += 1
        while position < end, position.pointee != UInt8(ascii: "\"") {
            // A backslash and what it escapes; the last byte of the input escapes nothing.
            position += position.pointee == UInt8(ascii: "\\") && end - position > 1 ? 2 : 1
        }
        guard position < end else { throw failure("expected the end of a string, found the end") }
    }
}
