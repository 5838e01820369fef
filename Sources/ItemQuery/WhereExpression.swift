/// A predicate over an item: the grammar of the parameter `where`, parsed once and evaluated on packed bytes.
package struct WhereExpression: Sendable, Hashable {
    /// The text it was parsed from.
    package let text: String

    /// Parses `text`; the error points at the column.
    package init(_ text: String, limits: QueryLimits = QueryLimits()) throws(QuerySyntaxError) {
        self.text = text
        fatalError("contract")
    }

    /// Whether a packed item satisfies the predicate, by DynamoDB's comparison semantics.
    package func matches(_ packed: UnsafeRawBufferPointer) -> Bool { fatalError("contract") }
}
