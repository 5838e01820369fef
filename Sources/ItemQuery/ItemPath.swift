import TableModel

/// The way to a value inside an item: an attribute's name, then members of maps and elements of lists.
struct ItemPath: Sendable, Hashable {
    /// One step down.
    enum Step: Sendable, Hashable {
        /// The member of a map with these bytes as its name.
        case member([UInt8])
        /// The element of a list, from 0.
        case element(Int)
    }

    /// The attribute's name in UTF-8.
    let root: [UInt8]
    let steps: [Step]

    /// The value at the end of `steps`, below the value of the root; nil where they lead nowhere.
    static func resolve(_ steps: [Step], in root: PackedValue) -> PackedValue? {
        var value = root
        for step in steps {
            switch step {
            case .member(let name):
                guard value.tag == PackedTag.map, let member = member(name, of: value.bytes) else { return nil }
                value = member
            case .element(let index):
                guard value.tag == PackedTag.list, let element = element(index, of: value.bytes) else { return nil }
                value = element
            }
        }
        return value
    }

    private static func member(_ name: [UInt8], of body: UnsafeRawBufferPointer) -> PackedValue? {
        name.withUnsafeBytes { name in
            var cursor = PackedCursor(body)
            for _ in 0..<cursor.readVarint() {
                let candidate = cursor.readText().bytes
                let value = cursor.readValue()
                let comparison = ByteOrder.compare(candidate, name)
                if comparison == 0 { return value }
                if comparison > 0 { return nil }
            }
            return nil
        }
    }

    private static func element(_ index: Int, of body: UnsafeRawBufferPointer) -> PackedValue? {
        var cursor = PackedCursor(body)
        guard index < cursor.readVarint() else { return nil }
        for _ in 0..<index { _ = cursor.readValue() }
        return cursor.readValue()
    }
}
