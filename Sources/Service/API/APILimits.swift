/// Every bound of the API's own, in one place, with what happens at it.
package struct APILimits: Sendable, Hashable {
    /// Items of a page when the client does not say.
    package var defaultItems = 100
    /// Items of a page at most; more is a 400.
    package var maximumItems = 1000
    /// Bytes of a page's items; a page that reaches it ends early, with a cursor.
    package var pageBytes = 4_194_304
    package init() {}
}
