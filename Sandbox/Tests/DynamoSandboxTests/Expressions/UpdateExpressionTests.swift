import TableModel
import Testing

@testable import DynamoSandbox

@Suite struct UpdateExpressionTests {
    private static let item: Attributes = [
        "a": .number("1"), "s": .string("x"), "l": .list((0..<4).map { .number(String($0)) }),
        "m": .map(["k": .string("v"), "sub1": .map([:])]), "ss": .stringSet(["x", "y"]), "ns": .numberSet(["1", "2"]),
    ]
    private static let values: Attributes = [
        ":n": .number("2.5"), ":s": .string("new"), ":none": .list([]), ":more": .list([.bool(true)]),
        ":ss": .stringSet(["y", "z"]), ":xy": .stringSet(["x", "y"]), ":ns": .numberSet(["2"]),
        ":big": .number("9E+125"),
    ]

    private func updated(_ expression: String) throws -> Attributes {
        var placeholders = Placeholders(names: ["#a": "a"], values: Self.values)
        return try UpdateParser.parse(expression, &placeholders).apply(to: Self.item)
    }

    private func refusal(_ expression: String) -> String? {
        do {
            _ = try updated(expression)
            return nil
        } catch {
            return (error as? SandboxError)?.message.replacing("Invalid UpdateExpression: ", with: "")
        }
    }

    private func numbers(_ numbers: [String]) -> AttributeValue { .list(numbers.map { .number($0) }) }

    @Test("SET computes from the item as it was")
    func setReadsTheOldItem() throws {
        let item = try updated("SET a = a + :n, b = a, c = :n - a, #a2 = a".replacing("#a2", with: "d"))
        #expect(item["a"] == .number("3.5"))
        #expect(item["b"] == .number("1"))
        #expect(item["c"] == .number("1.5"))
        #expect(item["d"] == .number("1"))
    }

    @Test("if_not_exists keeps what is there and falls back otherwise, also inside a sum")
    func ifNotExists() throws {
        let item = try updated("SET a = if_not_exists(a, :n), fresh = if_not_exists(fresh, :n) + :n")
        #expect(item["a"] == .number("1"))
        #expect(item["fresh"] == .number("5"))
    }

    @Test("list_append joins two lists, either of them computed")
    func listAppend() throws {
        let item = try updated("SET l = list_append(if_not_exists(fresh, :more), l)")
        #expect(item["l"] == .list([.bool(true)] + (0..<4).map { .number(String($0)) }))
    }

    @Test("list indexes mean the list before the update")
    func indexes() throws {
        #expect(try updated("REMOVE l[0], l[2]")["l"] == numbers(["1", "3"]))
        #expect(try updated("SET l[1] = :n REMOVE l[0]")["l"] == numbers(["2.5", "2", "3"]))
        let appended = try updated("SET l[9] = :s, l[7] = :n")["l"]
        #expect(appended == .list((0..<4).map { .number(String($0)) } + [.number("2.5"), .string("new")]))
    }

    @Test("nested paths are set and removed in place")
    func nested() throws {
        let item = try updated("SET m.sub1.q = :n, m.fresh = :s REMOVE m.k, m.absent, l[99]")
        #expect(item["m"] == .map(["sub1": .map(["q": .number("2.5")]), "fresh": .string("new")]))
    }

    @Test("ADD adds numbers and joins sets, DELETE takes members and leaves no empty set")
    func addAndDelete() throws {
        let added = try updated("ADD a :n, fresh :n, ss :ss, m.q :n")
        #expect(added["a"] == .number("3.5"))
        #expect(added["fresh"] == .number("2.5"))
        #expect(added["ss"] == .stringSet(["x", "y", "z"]))
        let deleted = try updated("DELETE ss :xy, ns :ns, absent :ss")
        #expect(deleted["ss"] == nil)
        #expect(deleted["ns"] == .numberSet(["1"]))
    }

    @Test("keywords are read in any case and clauses in any order")
    func clauses() throws {
        let item = try updated("remove s set b = :n Add a :n delete ss :ss")
        #expect(item["s"] == nil)
        #expect(item["b"] == .number("2.5"))
        #expect(item["ss"] == .stringSet(["x"]))
    }

    @Test(
        "is refused in DynamoDB's words",
        arguments: [
            ("SET", "Syntax error; token: \"<EOF>\", near: \"SET\""),
            ("DROP a", "Syntax error; token: \"DROP\", near: \"DROP a\""),
            ("SET a = :n,", "Syntax error; token: \"<EOF>\", near: \",\""),
            ("SET a = :n SET b = :n", "The \"SET\" section can only be used once in an update expression;"),
            (
                "SET m = :n, m.k = :n",
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                    + "path one: [m], path two: [m, k]"
            ),
            (
                "SET l[0] = :n, l.k = :n",
                "Two document paths conflict with each other; must remove or rewrite one of these paths; "
                    + "path one: [l, [0]], path two: [l, k]"
            ),
            ("SET status = :n", "Attribute name is a reserved keyword; reserved keyword: status"),
            ("SET a = nothing(:n)", "Invalid function name; function: nothing"),
            ("SET a = absent", "The provided expression refers to an attribute that does not exist in the item"),
            ("SET a = s + :n", "An operand in the update expression has an incorrect data type"),
            (
                "SET a = :s + :n",
                "Incorrect operand type for operator or function; operator or function: +, operand type: S"
            ),
            ("ADD s :n", "An operand in the update expression has an incorrect data type"),
            (
                "ADD a :s",
                "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
                    + "typeSet: ALLOWED_FOR_ADD_OPERAND"
            ),
            ("SET x.y = :n", "The document path provided in the update expression is invalid for update"),
            ("SET m[0] = :n", "The document path provided in the update expression is invalid for update"),
            (
                "SET a = :big + :big",
                "Number overflow. Attempting to store a number with magnitude larger than supported range"
            ),
        ]
    )
    func refuses(expression: String, message: String) {
        #expect(refusal(expression) == message)
    }
}
