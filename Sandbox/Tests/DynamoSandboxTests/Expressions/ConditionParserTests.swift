import TableModel
import Testing

@testable import DynamoSandbox

@Suite struct ConditionParserTests {
    private static let item: Attributes = [
        "n": .number("5"), "s": .string("hello"), "astral": .string("é𝄞"), "b": .binary([1, 2, 3]), "t": .bool(true),
        "z": .null,
        "ss": .stringSet(["a", "b"]), "ns": .numberSet(["1", "2"]), "l": .list([.string("x"), .number("2")]),
        "m": .map(["k": .string("v"), "deep": .list([.map(["q": .number("9")])])]),
    ]
    private static let values: Attributes = [
        ":one": .number("1"), ":two": .number("2"), ":three": .number("3"), ":five": .number("5"),
        ":nine": .number("9"), ":ten": .number("10"),
        ":hello": .string("hello"), ":he": .string("he"), ":a": .string("a"), ":x": .string("x"), ":S": .string("S"),
        ":bytes": .binary([1, 2]), ":yes": .bool(true), ":empty": .string(""),
    ]

    private func holds(_ expression: String) throws -> Bool {
        var placeholders = Placeholders(names: ["#n": "n", "#m": "m"], values: Self.values)
        return try ConditionParser.parse(expression, .condition, &placeholders).holds(for: Self.item)
    }

    private func refusal(_ expression: String) -> String? {
        do {
            _ = try holds(expression)
            return nil
        } catch {
            return (error as? SandboxError)?.message.replacing("Invalid ConditionExpression: ", with: "")
        }
    }

    @Test(
        "holds",
        arguments: [
            "n = :five", ":five = n", "#n >= :five AND #n <= :five", "n < :nine", "n < :ten", "n > :one", "n <> :one",
            "n BETWEEN :one AND :nine", "n IN (:one, :five)", "n IN (s, n)", "attribute_exists(m.k)",
            "attribute_exists(#m.deep[0].q)", "attribute_not_exists(m.gone)", "attribute_not_exists(l[2])",
            "attribute_type(s, :S)", "begins_with(s, :he)", "begins_with(b, :bytes)", "begins_with(s, :empty)",
            "contains(s, :he)", "contains(ss, :a)", "contains(ns, :two)", "contains(l, :x)", "contains(l, :two)",
            "size(s) = :five", "size(astral) = :three", "size(ss) = :two", "size(l) = :two", "size(m) = :two",
            "NOT n = :one", "t = :yes",
            "m.deep[0].q = :nine", "absent <> :one", "n = :one OR n = :five AND s = :hello",
            "(n = :one OR n = :five) AND s = :hello", "not (n = :one) and (s = :hello)", "NOT NOT n = :five",
        ]
    )
    func holds(expression: String) throws {
        #expect(try holds(expression))
    }

    @Test(
        "does not hold",
        arguments: [
            "n = :hello", "n < :hello", "absent = :one", "absent < :one", "n BETWEEN :nine AND :ten",
            "n IN (:one, :nine)",
            "attribute_exists(l[2])", "attribute_exists(n.k)", "attribute_type(n, :S)", "begins_with(n, :he)",
            "contains(s, :two)", "contains(n, :five)", "size(n) = :five", "size(t) = :one", "NOT t = :yes",
            "(n = :five OR n = :one) AND s = :he", "n = :five AND NOT s = :hello", "n <> n",
        ]
    )
    func doesNotHold(expression: String) throws {
        #expect(try !holds(expression))
    }

    @Test(
        "is refused in DynamoDB's words",
        arguments: [
            ("", "The expression can not be empty;"),
            ("n =", "Syntax error; token: \"<EOF>\", near: \"=\""),
            ("= :five", "Syntax error; token: \"=\", near: \"= :five\""),
            ("n = :five AND", "Syntax error; token: \"<EOF>\", near: \"AND\""),
            ("(n = :five", "Syntax error; token: \"<EOF>\", near: \":five\""),
            ("n = :five)", "Syntax error; token: \")\", near: \":five)\""),
            ("name = :five", "Attribute name is a reserved keyword; reserved keyword: name"),
            (
                "n = :none",
                "An expression attribute value used in expression is not defined; attribute value: :none"
            ),
            (
                "#none = :five",
                "An expression attribute name used in the document path is not defined; attribute name: #none"
            ),
            ("nothing(n)", "Invalid function name; function: nothing"),
            (
                "begins_with(s)",
                "Incorrect number of operands for operator or function; operator or function: begins_with, "
                    + "number of operands: 1"
            ),
            (
                "begins_with(s, :five)",
                "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"
            ),
            (
                "n < :yes",
                "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"
            ),
            (
                "attribute_exists(:five)",
                "Operator or function requires a document path; operator or function: attribute_exists"
            ),
            (
                "n BETWEEN :nine AND :one",
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                    + "lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:1}"
            ),
        ]
    )
    func refuses(expression: String, message: String) {
        #expect(refusal(expression) == message)
    }
}
