import Testing

@testable import DynamoSandbox

@Suite struct LexerTests {
    @Test("splits names, placeholders, numbers and symbols, and ends with the end")
    func splits() throws {
        let tokens = try Lexer.tokens(of: "SET a.#b[12]<>:v_1, c>=d", in: .update)
        #expect(
            tokens.map(\.text) == ["SET", "a", ".", "#b", "[", "12", "]", "<>", ":v_1", ",", "c", ">=", "d", "<EOF>"]
        )
        #expect(tokens.first { $0.kind == .namePlaceholder }?.text == "#b")
        #expect(tokens.first { $0.kind == .valuePlaceholder }?.text == ":v_1")
        #expect(tokens.first { $0.kind == .number }?.text == "12")
    }

    @Test(
        "refuses what no token begins with",
        arguments: [
            ("a ; b", "Invalid FilterExpression: Syntax error; token: \";\", near: \"a ;\""),
            ("a = #", "Invalid FilterExpression: Syntax error; token: \"#\", near: \"= #\""),
            ("é = :v", "Invalid FilterExpression: Syntax error; token: \"é\", near: \"é\""),
        ]
    )
    func refuses(expression: String, message: String) {
        #expect(throws: SandboxError("ValidationException", message)) {
            try Lexer.tokens(of: expression, in: .filter)
        }
    }
}
