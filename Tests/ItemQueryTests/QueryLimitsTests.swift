import Testing

@testable import ItemQuery

@Suite struct QueryLimitsTests {
    @Test("a text of a few kilobytes is allowed")
    func text() { #expect(QueryLimits().textBytes == 4_096) }
}
