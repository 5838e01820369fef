/// A `where` or `fields` text that cannot be read: where, and what was expected there.
package struct QuerySyntaxError: Error, Sendable, Hashable {
    /// The column in characters, from 1.
    package let column: Int
    /// What stands there, cut and escaped.
    package let found: String
    /// What could have stood there.
    package let expected: String

    package init(column: Int, found: String, expected: String) {
        self.column = column
        self.found = found
        self.expected = expected
    }

    /// A sentence without its full stop: `column 7: found 'x', expected a comparison`.
    package var sentence: String { "column \(column): found \(found), expected \(expected)" }
}
