/// What differs between two items as they are shown: the names of the attributes that changed, and a JSON Patch (RFC 6902) from the
/// one to the other. Because both are taken from the JSON that the reader sees, the patch fits whatever format was asked for.
///
/// Equal values have equal bytes: both texts come from one writer, which orders names and sets.
struct ItemDifference {
    private let old: JSONNode
    private let new: JSONNode

    /// Takes two JSON objects of our own writer's making.
    init(old: [UInt8], new: [UInt8]) {
        self.old = JSONNode(parsing: old)
        self.new = JSONNode(parsing: new)
    }

    /// Appends the names of top-level members that were added, removed or changed, as JSON strings with commas between.
    func appendChangedNames(to output: inout [UInt8]) {
        let before = old.valuesByName
        let after = new.valuesByName
        var isFirst = true
        func append(_ name: ArraySlice<UInt8>) {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            output.append(UInt8(ascii: "\""))
            output += name
            output.append(UInt8(ascii: "\""))
        }
        for (name, value) in new.members where before[name]?.text != value.text { append(name) }
        for (name, _) in old.members where after[name] == nil { append(name) }
    }

    /// Appends the operations of the patch, with commas between.
    func appendPatch(to output: inout [UInt8]) {
        var patch = PatchWriter(output: output)
        patch.compare(old, new, path: [])
        output = patch.output
    }
}

/// Writes the operations that lead from one value to another.
private struct PatchWriter {
    var output: [UInt8]
    private var isFirst = true

    init(output: [UInt8]) { self.output = output }

    /// `path` is a JSON Pointer (RFC 6901), already escaped for JSON.
    mutating func compare(_ old: JSONNode, _ new: JSONNode, path: [UInt8]) {
        if old.text == new.text { return }
        switch (old.kind, new.kind) {
        case (.object, .object): compareMembers(old, new, path)
        case (.array, .array): compareElements(old.elements, new.elements, path)
        default: append("replace", path, new)
        }
    }

    private mutating func compareMembers(_ old: JSONNode, _ new: JSONNode, _ path: [UInt8]) {
        let before = old.valuesByName
        let after = new.valuesByName
        for (name, _) in old.members where after[name] == nil { append("remove", path + Self.token(name), nil) }
        for (name, value) in new.members {
            let place = path + Self.token(name)
            if let known = before[name] { compare(known, value, path: place) } else { append("add", place, value) }
        }
    }

    /// What both begin and end with stays; what lies between is compared element by element, then lengthened or cut.
    private mutating func compareElements(_ old: [JSONNode], _ new: [JSONNode], _ path: [UInt8]) {
        let shorter = min(old.count, new.count)
        var head = 0
        while head < shorter, old[head].text == new[head].text { head += 1 }
        var tail = 0
        while tail < shorter - head, old[old.count - 1 - tail].text == new[new.count - 1 - tail].text { tail += 1 }
        let common = shorter - tail
        for index in head..<common { compare(old[index], new[index], path: path + Self.token(index)) }
        for index in stride(from: old.count - tail - 1, through: common, by: -1) {
            append("remove", path + Self.token(index), nil)
        }
        for index in common..<max(common, new.count - tail) { append("add", path + Self.token(index), new[index]) }
    }

    private mutating func append(_ operation: StaticString, _ path: [UInt8], _ value: JSONNode?) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
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
    }

    /// A reference token of a pointer: `~` is `~0` and `/` is `~1`. The name is escaped for JSON already, which touches neither.
    private static func token(_ name: ArraySlice<UInt8>) -> [UInt8] {
        var token = [UInt8(ascii: "/")]
        for byte in name {
            switch byte {
            case UInt8(ascii: "~"): token += "~0".utf8
            case UInt8(ascii: "/"): token += "~1".utf8
            default: token.append(byte)
            }
        }
        return token
    }

    private static func token(_ index: Int) -> [UInt8] { Array("/\(index)".utf8) }
}
