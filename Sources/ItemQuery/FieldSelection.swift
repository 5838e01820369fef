/// The attributes a reader asked for: the dotted paths of the parameter `fields`.
package struct FieldSelection: Sendable, Hashable {
    /// The text it was parsed from.
    package let text: String

    /// Parses `text`; the error points at the column.
    package init(_ text: String, limits: QueryLimits = QueryLimits()) throws(QuerySyntaxError) {
        self.text = text
        fatalError("contract")
    }
}
