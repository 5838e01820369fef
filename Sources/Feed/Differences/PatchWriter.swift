import Basics

/// Writes the operations of a JSON Patch (RFC 6902) that lead from one value to another, within a budget.
///
/// Each operation repeats its whole path, so a list under a long name makes a patch far longer than the item. A patch longer than the
/// item has no use: where the operations of an object or array exceed the budget, one `replace` of it takes their place, and where
/// that does not fit either, one of the value around it. The last resort replaces the root, whose path is empty (RFC 6901).
struct PatchWriter {
    private var output: [UInt8]
    /// Where the operations begin in `output`.
    private let start: Int
    /// Bytes that the operations may have.
    private let budget: Int
    /// Bytes written, those taken back included. Bounded too, so that one item cannot be written again and again in vain.
    private var spent = 0
    private let effort: Int
    /// The JSON Pointer of the value being compared, escaped for JSON. One buffer for all: a copy a step would cost its length each time.
    private var path: [UInt8] = []

    /// Appends the operations, with commas between: at most `allowance` bytes more than `new` has. An allowance under
    /// `rootOverhead` counts as that.
    static func append(from old: JSONNode, to new: JSONNode, allowance: Int, to output: inout [UInt8]) {
        // Moved and not copied: `output` may be a whole page.
        var taken: [UInt8] = []
        swap(&taken, &output)
        var writer = PatchWriter(output: taken, budget: new.text.count + max(allowance, rootOverhead))
        taken = []
        _ = writer.compare(old, new)
        swap(&writer.output, &output)
    }

    /// The bytes of an operation that replaces the root, without its value.
    static let rootOverhead = #"{"op":"replace","path":"","value":}"#.utf8.count

    private init(output: consuming [UInt8], budget: Int) {
        start = output.count
        self.output = output
        self.budget = budget
        effort = 4 * budget
    }

    /// Appends what leads from `old` to `new` at `path`; false, with nothing appended, when it does not fit.
    private mutating func compare(_ old: JSONNode, _ new: JSONNode) -> Bool {
        if old.text == new.text { return true }
        let mark = output.count
        let isWhole =
            switch (old.kind, new.kind) {
            case (.object, .object): compareMembers(old, new)
            case (.array, .array): compareElements(old.elements, new.elements)
            default: false
            }
        if isWhole { return true }
        output.removeLast(output.count - mark)
        return append("replace", new)
    }

    private mutating func compareMembers(_ old: JSONNode, _ new: JSONNode) -> Bool {
        let before = old.valuesByName
        let after = new.valuesByName
        for (name, _) in old.members where after[name] == nil {
            guard under(name, { $0.append("remove", nil) }) else { return false }
        }
        for (name, value) in new.members {
            guard let known = before[name] else {
                guard under(name, { $0.append("add", value) }) else { return false }
                continue
            }
            if known.text == value.text { continue }
            guard under(name, { $0.compare(known, value) }) else { return false }
        }
        return true
    }

    /// Skips the common prefix and suffix, compares the elements between them one by one, then adds or removes the rest.
    private mutating func compareElements(_ old: [JSONNode], _ new: [JSONNode]) -> Bool {
        let shorter = min(old.count, new.count)
        var head = 0
        while head < shorter, old[head].text == new[head].text { head += 1 }
        var tail = 0
        while tail < shorter - head, old[old.count - 1 - tail].text == new[new.count - 1 - tail].text { tail += 1 }
        let common = shorter - tail
        for index in head..<common {
            guard under(index, { $0.compare(old[index], new[index]) }) else { return false }
        }
        for index in stride(from: old.count - tail - 1, through: common, by: -1) {
            guard under(index, { $0.append("remove", nil) }) else { return false }
        }
        for index in common..<max(common, new.count - tail) {
            guard under(index, { $0.append("add", new[index]) }) else { return false }
        }
        return true
    }

    /// Appends one operation at `path`; false when it does not fit. Replacing the root always does.
    private mutating func append(_ operation: StaticString, _ value: JSONNode?) -> Bool {
        let isFirst = output.count == start
        let size =
            (isFirst ? 0 : 1) + #"{"op":"","path":""}"#.utf8.count + operation.utf8CodeUnitCount + path.count
            + (value.map { $0.text.count + #","value":"#.utf8.count } ?? 0)
        guard path.isEmpty || (output.count - start + size <= budget && spent + size <= effort) else { return false }
        spent += size
        if !isFirst { output.append(UInt8(ascii: ",")) }
        output += #"{"op":""#.utf8
        output += UnsafeBufferPointer(start: operation.utf8Start, count: operation.utf8CodeUnitCount)
        output += #"","path":""#.utf8
        output += path
        output.append(UInt8(ascii: "\""))
        if let value {
            output += #","value":"#.utf8
            output += value.text
        }
        output.append(UInt8(ascii: "}"))
        return true
    }

    // MARK: The path

    /// Runs `body` one step further down: at a member.
    private mutating func under(_ name: ArraySlice<UInt8>, _ body: (inout PatchWriter) -> Bool) -> Bool {
        let length = path.count
        path.append(UInt8(ascii: "/"))
        // `~` is `~0` and `/` is `~1`. The name is escaped for JSON already, which touches neither.
        for byte in name {
            switch byte {
            case UInt8(ascii: "~"): path += "~0".utf8
            case UInt8(ascii: "/"): path += "~1".utf8
            default: path.append(byte)
            }
        }
        defer { path.removeLast(path.count - length) }
        return body(&self)
    }

    /// Runs `body` one step further down: at an element.
    private mutating func under(_ index: Int, _ body: (inout PatchWriter) -> Bool) -> Bool {
        let length = path.count
        path.append(UInt8(ascii: "/"))
        Digits.append(UInt64(index), to: &path)
        defer { path.removeLast(path.count - length) }
        return body(&self)
    }
}
