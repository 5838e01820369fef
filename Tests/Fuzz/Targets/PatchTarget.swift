@testable import Feed
@testable import ItemQuery
@testable import TableModel

/// Patches between two items that are grown from the input: never more than 1 KiB longer than the new item, and applied to the old item
/// they give the new one. The applier here shares nothing with the writer.
struct PatchTarget: FuzzTarget {
    func run(_ bytes: UnsafeRawBufferPointer) {
        var growth = Growth(bytes: bytes)
        let old = growth.item()
        let new = growth.changed(old)
        for representation in [ItemRepresentation(), ItemRepresentation(format: .dynamodb)] {
            check(text(old, representation), text(new, representation))
        }
    }

    private func check(_ old: [UInt8], _ new: [UInt8]) {
        var operations: [UInt8] = []
        ItemDifference(old: old, new: new).appendPatch(to: &operations)
        let patch = [UInt8(ascii: "[")] + operations + [UInt8(ascii: "]")]
        require(patch.count <= new.count + 1024, "a patch of \(patch.count) bytes to an item of \(new.count)")
        guard case .list(let list) = PatchedValue(parsing: patch) else { fatalError("a patch that is no list") }
        var value = PatchedValue(parsing: old)
        for operation in list { value = value.applying(operation) }
        require(value == PatchedValue(parsing: new), "a patch that leads to another item")
    }

    private func text(_ item: [AttributeName: AttributeValue], _ representation: ItemRepresentation) -> [UInt8] {
        var output: [UInt8] = []
        Item(item).packed.withUnsafeBytes { representation.append($0, to: &output) }
        return output
    }
}

/// Items that bytes describe, and others that differ from them; without bytes nothing more grows or changes.
private struct Growth {
    let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func next() -> Int {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return Int(bytes[position])
    }

    mutating func item() -> [AttributeName: AttributeValue] { members(depth: 0) }

    private mutating func members(depth: Int) -> [AttributeName: AttributeValue] {
        var members: [AttributeName: AttributeValue] = [:]
        for _ in 0..<next() % 6 { members[AttributeName(name())] = value(depth: depth + 1) }
        return members
    }

    /// Odd ones, and long ones, under which few operations fit.
    private mutating func name() -> String {
        let byte = next()
        let letter = ["a", "b/", "c~", "~1", "\"", "\\", "\u{E9}", "\n"][byte % 8]
        return String(repeating: letter, count: [1, 1, 2, 40, 300, 1500][byte / 8 % 6])
    }

    private mutating func value(depth: Int) -> AttributeValue {
        let byte = next()
        switch depth > 5 ? byte % 4 : byte % 8 {
        case 0: return .number("\(byte)")
        case 1: return .bool(byte > 127)
        case 2: return .string(String(repeating: "x", count: byte))
        case 3: return .null
        case 4, 5: return .map(members(depth: depth))
        case 6: return .list((0..<byte / 8).map { .number("\($0)") })
        default: return .list((0..<next() % 12).map { _ in value(depth: depth + 1) })
        }
    }

    mutating func changed(_ item: [AttributeName: AttributeValue], depth: Int = 0) -> [AttributeName: AttributeValue] {
        var item = item
        for name in item.keys.sorted() {
            guard let value = item[name] else { continue }
            item[name] = next() % 7 == 6 ? nil : changed(value, depth: depth + 1)
        }
        if next() % 3 == 1 { item[AttributeName(name())] = value(depth: depth + 1) }
        return item
    }

    private mutating func changed(_ value: AttributeValue, depth: Int) -> AttributeValue {
        let byte = next()
        if byte % 8 == 7 { return self.value(depth: depth) }
        switch value {
        case .map(let members): return .map(changed(members, depth: depth))
        case .list(var values):
            if byte % 8 == 1, !values.isEmpty { values.remove(at: next() % values.count) }
            if byte % 8 == 2 { values.insert(self.value(depth: depth + 1), at: next() % (values.count + 1)) }
            if byte % 8 == 3 { return .list(values.map { _ in .number("\(byte)") }) }
            return .list(values.map { changed($0, depth: depth + 1) })
        default: return byte % 2 == 0 ? value : .number("\(byte)")
        }
    }
}
