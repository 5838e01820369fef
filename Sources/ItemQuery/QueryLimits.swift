/// Every bound of the query language, in one place, with what happens at it.
package struct QueryLimits: Sendable, Hashable {
    /// A longer text is a syntax error.
    package var textBytes = 4_096
    /// Deeper nesting is a syntax error.
    package var depth = 32
    package init() {}
}
