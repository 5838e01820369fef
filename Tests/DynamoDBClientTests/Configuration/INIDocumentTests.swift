import Testing

@testable import DynamoDBClient

@Suite struct INIDocumentTests {
    private func sections(_ text: String) throws -> [String: [String: String]] {
        try INIDocument(Array(text.utf8)).sections
    }

    @Test("reads sections, properties and comments")
    func basics() throws {
        let text = """
            # a comment
            ; another
            [default]
            region = eu-central-1   # where we are
            Output=json ; said
            empty =

            [ profile   dev ]
            region\t=\tus-east-1
            """
        #expect(
            try sections(text) == [
                "default": ["region": "eu-central-1", "output": "json", "empty": ""],
                "profile dev": ["region": "us-east-1"],
            ]
        )
    }

    @Test("a # or ; within a value belongs to it, and so does every = after the first")
    func valueCharacters() throws {
        let text = "[default]\naws_secret_access_key = a#b;c/d+e==\naws_session_token=x=y"
        #expect(
            try sections(text) == ["default": ["aws_secret_access_key": "a#b;c/d+e==", "aws_session_token": "x=y"]]
        )
    }

    @Test("indented lines belong to the property above, wherever the properties themselves begin")
    func nested() throws {
        let text = """
            [services local]
            dynamodb =
              endpoint_url = http://localhost:8000
            dynamodb_streams =
                endpoint_url = http://localhost:8001
            [default]
              aws_access_key_id = A
              aws_secret_access_key = B
              s3 =
                max_queue_size = 5
            """
        #expect(
            try sections(text) == [
                "services local": [
                    "dynamodb": "", "dynamodb.endpoint_url": "http://localhost:8000", "dynamodb_streams": "",
                    "dynamodb_streams.endpoint_url": "http://localhost:8001",
                ],
                "default": [
                    "aws_access_key_id": "A", "aws_secret_access_key": "B", "s3": "", "s3.max_queue_size": "5",
                ],
            ]
        )
    }

    @Test("carriage returns end lines, and a section that comes twice is merged with the later value winning")
    func merging() throws {
        #expect(
            try sections("[a]\r\nx=1\r\ny=1\r\n[b]\r\n[a]\r\nx=2\r\n") == ["a": ["x": "2", "y": "1"], "b": [:]]
        )
    }

    @Test(
        "says which line is not understood",
        arguments: [
            ("[default\n", 1, "the section header has no closing bracket"),
            ("# fine\nregion = x\n", 2, "there is a property before the first section header"),
            ("[default]\nregion = x\n\nnonsense\n", 4, "expected name = value"),
        ]
    )
    func errors(text: String, line: Int, reason: String) {
        #expect(throws: INIDocument.SyntaxError(line: line, reason: reason)) { try INIDocument(Array(text.utf8)) }
    }

    @Test("bytes that are no text are refused")
    func notText() {
        #expect(throws: INIDocument.SyntaxError(line: 1, reason: "the file is not UTF-8 text")) {
            try INIDocument([0x5B, 0xFF, 0x5D])
        }
    }
}
