import TableModel
import Testing

@testable import DynamoSandbox

@Suite struct ProjectionTests {
    private let item: Attributes = [
        "a": .number("1"), "l": .list((0..<4).map { .number(String($0)) }),
        "m": .map(["x": .number("7"), "y": .map(["z": .bool(true), "w": .null])]),
    ]

    @Test("keeps the named parts, list elements in their order")
    func keepsParts() throws {
        var placeholders = Placeholders(names: ["#m": "m"])
        let projection = try Projection.parse("l[2], l[0], #m.y.z, absent, a.b, l[9]", &placeholders)
        #expect(
            projection.apply(to: item) == [
                "l": .list([.number("0"), .number("2")]), "m": .map(["y": .map(["z": .bool(true)])]),
            ]
        )
    }

    @Test("refuses paths that lead through each other")
    func overlap() {
        var placeholders = Placeholders()
        #expect(
            throws: SandboxError(
                "ValidationException",
                "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of "
                    + "these paths; path one: [m, y], path two: [m]"
            )
        ) {
            try Projection.parse("m.y, m", &placeholders)
        }
    }
}
