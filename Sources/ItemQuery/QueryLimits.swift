/// Every bound of the query language, in one place, with what happens at it.
package struct QueryLimits: Sendable, Hashable {
    /// A longer text, in bytes of UTF-8, is a syntax error.
    package var textBytes = 4_096
    /// Deeper nesting of parentheses, NOT, lists and maps is a syntax error.
    package var depth = 32
    /// More comparisons, functions and operands together are a syntax error: DynamoDB's bound of 300.
    package var operands = 300
    /// A path of more names and indexes is a syntax error: DynamoDB nests 32 levels deep.
    package var pathSteps = 32
    /// An index above this is a syntax error.
    package var listIndex = 1_000_000
    /// The defaults.
    package init() {}
}
