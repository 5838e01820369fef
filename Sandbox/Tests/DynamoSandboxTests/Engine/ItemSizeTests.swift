import TableModel
import Testing

@testable import DynamoSandbox

@Suite struct ItemSizeTests {
    @Test("counts names and values as the developer guide does")
    func counts() {
        #expect(ItemSize.of(["ab": .string("é")]) == 4)
        #expect(ItemSize.of(.number("123")) == 3)
        #expect(ItemSize.of(.number("-123")) == 4)
        #expect(ItemSize.of(.binary([1, 2, 3])) == 3)
        #expect(ItemSize.of(.null) == 1)
        #expect(ItemSize.of(.stringSet(["a", "bc"])) == 3)
        #expect(ItemSize.of(.list([.bool(true), .string("x")])) == 7)
        #expect(ItemSize.of(.map(["k": .string("v")])) == 6)
    }
}
