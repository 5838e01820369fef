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

    /// Appends the operations of the patch, with commas between: at most `FeedLimits.patchAllowance` bytes more than the new item has.
    func appendPatch(to output: inout [UInt8]) {
        PatchWriter.append(from: old, to: new, allowance: FeedLimits.patchAllowance, to: &output)
    }
}
