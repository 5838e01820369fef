/// The attributes a reader asked for: the dotted paths of the parameter `fields`.
///
///     fields = path { "," path } ;          path as in `WhereExpression`
///
/// Members keep their places: `a.b` is `{"a":{"b":…}}`. Elements of a list close ranks, as in DynamoDB's ProjectionExpression: `a[4],a[1]`
/// is `{"a":[…,…]}` in the list's order. What is missing is left out, and with it a map or list of which nothing is left. Where paths
/// overlap, the wider one counts.
package struct FieldSelection: Sendable, Hashable {
    /// The text it was parsed from.
    package let text: String
    private let tree: FieldTree

    /// Parses `text`; the error points at the column.
    package init(_ text: String, limits: QueryLimits = QueryLimits()) throws(QuerySyntaxError) {
        self.text = text
        var parser = try QueryParser(text, limits: limits)
        var paths: [ItemPath] = []
        repeat { paths.append(try parser.path()) } while try parser.take(sign: ",")
        try parser.expectEnd("a comma and a further path, or the end")
        tree = FieldTree(paths)
    }

    /// The selected part of a packed item, packed.
    package func project(_ packed: UnsafeRawBufferPointer) -> [UInt8] { tree.project(packed) }

    /// Equal texts are equal selections.
    package static func == (left: FieldSelection, right: FieldSelection) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the text.
    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(0xFF as UInt8)
    }
}
