import Basics
import TableModel
import Testing

@testable import ItemQuery

@Suite struct WhereParserTests {
    @Test(
        "points at the column, says what stands there and what was expected",
        arguments: [
            ("", 1, "the end", "an attribute's name"), ("   ", 4, "the end", "an attribute's name"),
            ("a", 2, "the end", "a comparison"), ("a =", 4, "the end", "an attribute's name"),
            ("a = 'x", 7, "the end", "the ' that ends the string"), ("a = \"x", 7, "the end", "the \" that ends"),
            ("`a = 1", 7, "the end", "the ` that ends the name"), ("`` = 1", 1, "'`` = 1'", "a name that is not empty"),
            ("a = 1 b = 2", 7, "'b = 2'", "AND, OR or the end"), ("a == 1", 4, "'= 1'", "an attribute's name"),
            ("a ! 1", 3, "'! 1'", "one of =, !=, <, <=, >, >="), ("(a = 1", 7, "the end", "AND, OR or )"),
            ("a = 1)", 6, "')'", "AND, OR or the end"), ("a IN 1", 6, "'1'", "( and the candidates of IN"),
            ("a IN ()", 7, "')'", "an attribute's name"), ("a IN (1 2)", 9, "'2)'", ", or ) after a candidate"),
            ("a BETWEEN 1", 12, "the end", "AND and the upper bound"),
            ("a < true", 5, "'true'", "nothing else has an order"),
            ("a > [1]", 5, "'[1]'", "nothing else has an order"),
            ("a between null and 1", 11, "'null and 1'", "an order"),
            ("begins_with(a, 5)", 16, "'5)'", "to begin with"), ("begins_with(a)", 14, "')'", "a comma"),
            ("begin_with(a, 'x')", 11, "'(a, 'x')'", "those are exists, size, contains, begins_with"),
            ("exists('a')", 8, "''a')'", "an attribute's name"),
            ("exists(a", 9, "the end", ") after the arguments of exists"),
            ("size(a)", 8, "the end", "a comparison"), ("a = exists(b)", 5, "'exists(b)'", "that tests is no value"),
            ("attribute_type(a, 'X')", 19, "''X')'", "a type: 'S', 'N', 'B'"),
            ("a.", 3, "the end", "a name after the dot"),
            ("a[x] = 1", 3, "'x] = 1'", "an index"), ("a[-1] = 1", 3, "'-1] = 1'", "an index"),
            ("a[1.5] = 1", 3, "'1.5] = 1'", "an index"), ("a[1000001] = 1", 3, "'1000001] = 1'", "from 0 to 1000000"),
            ("a[1 = 1", 5, "'= 1'", "] after the index"), ("and = 1", 1, "'and = 1'", "an attribute's name"),
            ("a = 1e", 5, "'1e'", "a number of at most 38 digits"), ("a = 12x", 5, "'12x'", "a number"),
            ("a = 123456789012345678901234567890123456789", 5, "'1234567890123456…'", "a number of at most 38 digits"),
            ("a = 1e200", 5, "'1e200'", "9.9E+125"), ("a = -", 5, "'-'", "a number"),
            ("a = b'*'", 5, "'b'*''", "base64"), ("a = SS(1)", 8, "'1)'", "a 'text' in the set"),
            ("a = NS('x')", 8, "''x')'", "a number in the set"), ("a = SS()", 8, "')'", "a 'text' in the set"),
            ("a = [b]", 6, "'b]'", "a literal: 'text'"), ("a = [1", 7, "the end", ", or ] in the list"),
            ("a = {1: 2}", 6, "'1: 2}'", "a member's name"), ("a = {x 2}", 8, "'2}'", ": after the member's name"),
            ("a = {x: 1, x: 2}", 12, "'x: 2}'", "another name"), ("a = {x: 1", 10, "the end", ", or } in the map"),
            ("a = ?", 5, "'?'", "a name, a literal or an operator"), ("a = :v", 5, "':v'", "an attribute's name"),
            ("#a = 1", 1, "'#a = 1'", "a name, a literal"), ("NOT", 4, "the end", "an attribute's name"),
            ("a = {`é`: 1, é: 2}", 14, "'é: 2}'", "another name"),
            ("é = 1 ü", 7, "'ü'", "AND, OR or the end"), ("a = 1 \u{202E}x", 7, "'\\u{202E}x'", "AND, OR or the end"),
        ]
    )
    func errors(text: String, column: Int, found: String, expected: String) {
        let error = #expect(throws: QuerySyntaxError.self) { try WhereExpression(text) }
        #expect(error?.column == column, "\(text)")
        #expect(error?.found == found, "\(text)")
        #expect(error?.expected.contains(expected) == true, "\(text): \(error?.expected ?? "")")
    }

    private func nested(_ depth: Int) -> [String] {
        let open = String(repeating: "(", count: depth)
        let close = String(repeating: ")", count: depth)
        return [
            "\(open)a = 1\(close)", String(repeating: "NOT ", count: depth) + "a = 1",
            "a = " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth),
            "a = " + String(repeating: "{a:", count: depth) + "1" + String(repeating: "}", count: depth),
        ]
    }

    @Test("nests as deep as its limit and no deeper, however it is nested")
    func depth() throws {
        for text in nested(32) { _ = try WhereExpression(text) }
        for text in nested(33) + nested(900) {
            let error = #expect(throws: QuerySyntaxError.self) { try WhereExpression(text) }
            #expect(error?.expected == "nesting of at most 32 levels")
        }
    }

    @Test("takes long chains, up to the bound of operands, without nesting")
    func chains() throws {
        let terms = (0..<100).map { "a = \($0)" }
        let last = try WhereExpression(terms.joined(separator: " OR "))
        #expect(Item(["a": .number("99")]).packed.withUnsafeBytes { last.matches($0) })
        let many = (0..<101).map { "a=\($0)" }.joined(separator: " OR ")
        let error = #expect(throws: QuerySyntaxError.self) { try WhereExpression(many) }
        #expect(error?.expected == "the end: at most 300 operands and comparisons are allowed")
        _ = try WhereExpression("a IN (\((0..<298).map(String.init).joined(separator: ",")))")
        #expect(throws: QuerySyntaxError.self) {
            try WhereExpression("a IN (\((0..<299).map(String.init).joined(separator: ",")))")
        }
    }

    @Test("reads paths of up to their limit of steps")
    func pathSteps() throws {
        _ = try WhereExpression("a" + String(repeating: ".b", count: 31) + " = 1")
        let error = #expect(throws: QuerySyntaxError.self) {
            try WhereExpression("a" + String(repeating: "[0]", count: 32) + " = 1")
        }
        #expect(error?.expected.contains("32 steps at most") == true)
    }

    @Test("refuses a text over the bound of bytes, and takes one at it")
    func length() throws {
        let fitting = "a = '" + String(repeating: "x", count: 4090) + "'"
        #expect(fitting.utf8.count == 4096)
        _ = try WhereExpression(fitting)
        let error = #expect(throws: QuerySyntaxError.self) { try WhereExpression(fitting + " ") }
        #expect(error?.found == "4097 bytes")
        #expect(error?.expected == "at most 4096 bytes")
    }

    @Test("never traps, whatever the text")
    func anyText() {
        var generator = SplitMix64(seed: 9)
        let pieces = [
            "a", "AND", "or", "NOT", "(", ")", "[", "]", "{", "}", ",", ".", ":", "=", "!", "<", ">", "'", "\"", "`",
            "b'",
            "1", "-", "1e9", "size", "exists", "in", "between", "null", "SS", " ", "\u{0}", "é", "😀", "\u{202E}", "+",
            "%",
        ]
        var read = 0
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &generator) {
                text += pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }
            do throws(QuerySyntaxError) {
                let expression = try WhereExpression(text)
                _ = Item(["a": .number("1")]).packed.withUnsafeBytes { expression.matches($0) }
                read += 1
            } catch {
                #expect(error.column >= 1 && error.column <= text.count + 1 && !error.expected.isEmpty)
            }
        }
        #expect(read > 0)
    }
}
