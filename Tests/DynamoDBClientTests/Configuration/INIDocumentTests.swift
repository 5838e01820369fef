import Testing

@testable import DynamoDBClient

/// The rules that the cases of `SharedProfilesParityTests` do not show.
@Suite struct INIDocumentTests {
    @Test("keeps the order of sections, and tells nested properties from names with a dot")
    func structure() throws {
        let text = """
            [services local]
            dynamodb =
              endpoint_url = http://localhost:8000
            dynamodb.endpoint_url = other
            [a]
            x = one
              two
            """
        #expect(
            try INIDocument(Array(text.utf8)).sections == [
                INIDocument.Section(
                    name: "services local",
                    values: ["dynamodb.endpoint_url": "other"],
                    nested: ["dynamodb": ["endpoint_url": "http://localhost:8000"]]
                ),
                INIDocument.Section(name: "a", values: ["x": "one\ntwo"]),
            ]
        )
    }

    @Test("a # or ; within a value belongs to it, and so does every = after the first")
    func valueCharacters() throws {
        let text = "[default]\naws_secret_access_key = a#b;c/d+e==\naws_session_token=x=y"
        #expect(
            try INIDocument(Array(text.utf8)).sections.map(\.values) == [
                ["aws_secret_access_key": "a#b;c/d+e==", "aws_session_token": "x=y"]
            ]
        )
    }

    @Test("bytes that are no text are refused")
    func notText() {
        #expect(throws: INIDocument.SyntaxError(line: 1, reason: "the file is not UTF-8 text")) {
            try INIDocument([0x5B, 0xFF, 0x5D])
        }
    }

    @Test("a file that is cut anywhere is read or rejected, and no reason shows what it holds")
    func cut() {
        let text = """
            [default]
            aws_access_key_id = AKIDHUSH
            aws_secret_access_key = hush
            hush=
            hush=
            s3 =
              hush
            [profile hush]
            region = x
            [profile hush]
            """
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            for start in [0, 10, 39] where start <= end {
                do throws(INIDocument.SyntaxError) {
                    _ = try INIDocument(Array(bytes[start..<end]))
                } catch {
                    #expect(!error.reason.lowercased().contains("hush"), "\(start)..<\(end)")
                }
            }
        }
    }
}
