import Testing

@testable import DynamoDBClient

@Suite struct CommandWordsTests {
    @Test(
        "splits as Python's shlex.split does",
        arguments: [
            ("", []), (" \t ", []), ("a b", ["a", "b"]), ("  a \t b\nc ", ["a", "b", "c"]),
            ("'a b' c", ["a b", "c"]), ("\"a b\" c", ["a b", "c"]), ("a'b'\"c\"d", ["abcd"]),
            ("'' \"\"", ["", ""]), ("'a\\b'", ["a\\b"]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]), (#"a\ b\'c"#, ["a b'c"]),
            ("a # b", ["a", "#", "b"]), ("$HOME *", ["$HOME", "*"]),
            ("é\u{301} '\u{1F600}'", ["é\u{301}", "\u{1F600}"]),
        ]
    )
    func words(line: String, words: [String]) throws {
        #expect(try CommandWords.split(line) == words)
    }

    @Test(
        "an open quote or a backslash at the end is an error",
        arguments: [
            ("a 'b", CommandWords.Failure.openQuote), ("a \"b'", .openQuote), ("a\\", .trailingBackslash),
            ("\"a\\", .trailingBackslash),
        ]
    )
    func errors(line: String, failure: CommandWords.Failure) {
        #expect(throws: failure) { try CommandWords.split(line) }
    }
}
