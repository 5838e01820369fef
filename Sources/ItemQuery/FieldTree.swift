import TableModel

/// The paths of a selection as a tree, its members and elements sorted as packed items have them.
struct FieldTree: Sendable {
    /// What is taken of one value.
    private indirect enum Part: Sendable {
        case whole
        case some(members: [Member], elements: [Element])
    }

    private struct Member: Sendable {
        let name: [UInt8]
        let part: Part
    }

    private struct Element: Sendable {
        let index: Int
        let part: Part
    }

    private let root: [Member]

    init(_ paths: [ItemPath]) {
        root = Self.members(paths.map { ($0.root, $0.steps[...]) })
    }

    private static func members(_ paths: [([UInt8], ArraySlice<ItemPath.Step>)]) -> [Member] {
        Dictionary(grouping: paths, by: \.0)
            .map { Member(name: $0.key, part: part($0.value.map(\.1))) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// One call a step of the longest path, which is bounded.
    private static func part(_ paths: [ArraySlice<ItemPath.Step>]) -> Part {
        var members: [([UInt8], ArraySlice<ItemPath.Step>)] = []
        var elements: [Int: [ArraySlice<ItemPath.Step>]] = [:]
        for path in paths {
            switch path.first {
            case nil: return .whole
            case .member(let name): members.append((name, path.dropFirst()))
            case .element(let index): elements[index, default: []].append(path.dropFirst())
            }
        }
        return .some(
            members: Self.members(members),
            elements: elements.map { Element(index: $0.key, part: part($0.value)) }.sorted { $0.index < $1.index }
        )
    }

    func project(_ packed: UnsafeRawBufferPointer) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(min(packed.count, 4096) + 16)
        _ = Self.appendMembers(root, of: packed, to: &output)
        return output
    }

    /// Appends `count attribute*` and returns the count. Both lists are sorted by name, so it is one pass.
    private static func appendMembers(
        _ members: [Member],
        of body: UnsafeRawBufferPointer,
        to output: inout [UInt8]
    ) -> Int {
        let header = output.count
        output.append(0)
        var count = 0
        var wanted = 0
        var cursor = PackedCursor(body)
        var left = cursor.readVarint()
        while wanted < members.count, left > 0 {
            let start = cursor.position
            let name = cursor.readText().bytes
            let valueStart = cursor.position
            let value = cursor.readValue()
            left -= 1
            var comparison = 1
            while wanted < members.count {
                comparison = members[wanted].name.withUnsafeBytes { ByteOrder.compare($0, name) }
                if comparison >= 0 { break }
                wanted += 1
            }
            guard comparison == 0, wanted < members.count else { continue }
            let before = output.count
            output.append(contentsOf: UnsafeRawBufferPointer(start: start, count: valueStart - start))
            let raw = UnsafeRawBufferPointer(start: valueStart, count: cursor.position - valueStart)
            if append(members[wanted].part, of: value, raw, to: &output) {
                count += 1
            } else {
                output.removeSubrange(before...)
            }
            wanted += 1
        }
        close(count, reservedAt: header, in: &output)
        return count
    }

    /// Appends the wanted part of a value, tag included; false, with nothing appended, when there is none.
    private static func append(
        _ part: Part,
        of value: PackedValue,
        _ raw: UnsafeRawBufferPointer,
        to output: inout [UInt8]
    ) -> Bool {
        guard case .some(let members, let elements) = part else {
            output.append(contentsOf: raw)
            return true
        }
        let isMap = value.tag == PackedTag.map
        guard isMap ? !members.isEmpty : value.tag == PackedTag.list && !elements.isEmpty else { return false }
        let start = output.count
        output.append(value.tag)
        output.append(0)
        let count =
            isMap
            ? appendMembers(members, of: value.bytes, to: &output)
            : appendElements(elements, of: value.bytes, to: &output)
        guard count > 0 else {
            output.removeSubrange(start...)
            return false
        }
        close(output.count - start - 2, reservedAt: start + 1, in: &output)
        return true
    }

    private static func appendElements(
        _ elements: [Element],
        of body: UnsafeRawBufferPointer,
        to output: inout [UInt8]
    ) -> Int {
        let header = output.count
        output.append(0)
        var count = 0
        var place = 0
        var cursor = PackedCursor(body)
        let length = cursor.readVarint()
        for element in elements where element.index < length {
            while place < element.index {
                _ = cursor.readValue()
                place += 1
            }
            let start = cursor.position
            let value = cursor.readValue()
            place += 1
            let raw = UnsafeRawBufferPointer(start: start, count: cursor.position - start)
            if append(element.part, of: value, raw, to: &output) { count += 1 }
        }
        close(count, reservedAt: header, in: &output)
        return count
    }

    /// Puts a varint where one byte was kept for it.
    private static func close(_ value: Int, reservedAt place: Int, in output: inout [UInt8]) {
        var digits: [UInt8] = []
        var rest = UInt(bitPattern: value)
        while rest >= 0x80 {
            digits.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        digits.append(UInt8(truncatingIfNeeded: rest))
        if digits.count == 1 { output[place] = digits[0] } else { output.replaceSubrange(place...place, with: digits) }
    }
}
