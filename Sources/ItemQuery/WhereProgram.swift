import TableModel

/// A predicate ready to be evaluated: its tree, the attributes it reads, and its literals in packed form.
//
// Unchecked, because the tree points into `literals`: that memory is written in `init` and never again, lives as long as this
// object, and the tree never leaves it.
final class WhereProgram: @unchecked Sendable {
    /// The tag that stands for an attribute the item does not have; no packed value has it.
    static let missing: UInt8 = 0xFF

    private let predicate: WherePredicate
    /// The first names of all paths, sorted by bytes, each once.
    private let names: [[UInt8]]
    private let literals: [UnsafeMutableRawBufferPointer]
    /// Operands and comparisons: a bound of how often one item's bytes are looked at.
    let operandCount: Int

    init(_ tree: WhereTree) {
        var builder = Builder(names: Set(tree.roots).sorted { $0.lexicographicallyPrecedes($1) })
        predicate = builder.predicate(tree.node)
        names = builder.names
        literals = builder.literals
        operandCount = max(1, tree.operandCount)
    }

    deinit { for block in literals { block.deallocate() } }

    func matches(_ packed: UnsafeRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(of: PackedValue.self, capacity: max(1, names.count)) { roots in
            // Proven: the capacity is above 0, so the room has an address.
            let start = roots.baseAddress.unsafelyUnwrapped
            find(in: packed, start)
            return predicate.holds(start)
        }
    }

    /// Finds all attributes in one pass: both the item's names and ours are sorted.
    private func find(in packed: UnsafeRawBufferPointer, _ roots: UnsafeMutablePointer<PackedValue>) {
        let absent = PackedValue(tag: Self.missing, flag: false, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        var wanted = 0
        var cursor = PackedCursor(packed)
        var left = cursor.readVarint()
        while wanted < names.count, left > 0 {
            let name = cursor.readText().bytes
            let value = cursor.readValue()
            left -= 1
            while wanted < names.count {
                let comparison = names[wanted].withUnsafeBytes { ByteOrder.compare($0, name) }
                if comparison > 0 { break }
                (roots + wanted).initialize(to: comparison == 0 ? value : absent)
                wanted += 1
                if comparison == 0 { break }
            }
        }
        while wanted < names.count {
            (roots + wanted).initialize(to: absent)
            wanted += 1
        }
    }
}

/// Turns a parsed tree into one that points at packed literals and numbered names.
private struct Builder {
    let names: [[UInt8]]
    var literals: [UnsafeMutableRawBufferPointer] = []

    mutating func predicate(_ node: WhereNode) -> WherePredicate {
        switch node {
        case .all(let terms): return .all(terms.map { predicate($0) })
        case .any(let terms): return .any(terms.map { predicate($0) })
        case .not(let term): return .not(predicate(term))
        case .compare(let comparison, let left, let right):
            return .compare(comparison, operand(left), operand(right))
        case .between(let value, let lower, let upper):
            return .between(operand(value), operand(lower), operand(upper))
        case .among(let value, let candidates): return .among(operand(value), candidates.map { operand($0) })
        case .exists(let path, let expected): return .exists(operand(.path(path)), expected)
        case .hasType(let path, let tags): return .hasType(operand(.path(path)), tags: tags)
        case .beginsWith(let value, let prefix): return .beginsWith(operand(value), operand(prefix))
        case .contains(let value, let part): return .contains(operand(value), operand(part))
        }
    }

    private mutating func operand(_ operand: WhereNode.Operand) -> WhereOperand {
        switch operand {
        case .path(let path): .path(place(of: path.root), path.steps)
        case .size(let path): .size(place(of: path.root), path.steps)
        case .literal(let value): .literal(literal(value))
        }
    }

    private func place(of name: [UInt8]) -> Int {
        guard let place = names.firstIndex(of: name) else {
            preconditionFailure("every path's root is among the names")
        }
        return place
    }

    private mutating func literal(_ value: AttributeValue) -> ComparedValue {
        let packed = PackedItem.pack(value)
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: packed.count, alignment: 1)
        block.copyBytes(from: packed)
        literals.append(block)
        var cursor = PackedCursor(UnsafeRawBufferPointer(block))
        return ComparedValue(literal: cursor.readValue())
    }
}
