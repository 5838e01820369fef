import Testing

@testable import FeedClient

@Suite struct EventStreamParserTests {
    /// What a stream comes to when it is received in the pieces given.
    private func events(_ pieces: [[UInt8]], limit: Int = 1_000) throws -> [ServerSentEvent] {
        var parser = EventStreamParser(limit: limit)
        return try pieces.flatMap { piece in try parser.receive(piece.span) }
    }

    private func events(_ text: String, limit: Int = 1_000) throws -> [ServerSentEvent] {
        try events([Array(text.utf8)], limit: limit)
    }

    private func message(_ data: String, id: String = "", name: String = "message") -> ServerSentEvent {
        ServerSentEvent(name: name, data: Array(data.utf8), lastEventID: id)
    }

    @Test("reads the same events however the bytes were cut, at every byte and with every line end (S19)")
    func cuts() throws {
        let lines = [
            "\u{FEFF}retry: 250", "", ": a comment", "id: k3v9.1", "event: hello", "data: {\"a\":1}", "", "data:  two",
            "data", "data: lines",
            "", "id", "data: Zürich 🎈\u{2028}", "", "event: empty", "", "data: unfinished",
        ]
        let expected = [
            message("{\"a\":1}", id: "k3v9.1", name: "hello"), message(" two\n\nlines", id: "k3v9.1"),
            message("Zürich 🎈\u{2028}"),
        ]
        for lineEnd in ["\n", "\r", "\r\n"] {
            let bytes = Array(lines.joined(separator: lineEnd).utf8)
            #expect(try events([bytes]) == expected)
            #expect(try events(bytes.map { [$0] }) == expected)
            for cut in bytes.indices {
                #expect(try events([Array(bytes[..<cut]), [], Array(bytes[cut...])]) == expected)
            }
        }
    }

    @Test("takes one byte order mark, and only at the beginning")
    func byteOrderMark() throws {
        #expect(try events("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n") == [message("a")])
        #expect(try events("\u{FEFF}\u{FEFF}data: a\n\n").isEmpty)
    }

    @Test("leaves out comments and unknown fields, and strips one space only")
    func fields() throws {
        #expect(try events(": data: a\nfoo: b\ndata:c\ndata:  d\n\n") == [message("c\n d")])
    }

    @Test("an event without data is none, but its id counts and its name is forgotten")
    func withoutData() throws {
        #expect(try events("event: x\nid: 7\n\ndata: a\n\n") == [message("a", id: "7")])
        #expect(try events("data\n\n") == [message("")])
        #expect(try events("data\ndata\n\n") == [message("\n")])
    }

    @Test("an id with NUL is not taken, an empty one forgets the last")
    func identities() throws {
        #expect(try events("id: 1\nid: 2\0\ndata: a\n\n") == [message("a", id: "1")])
        #expect(try events("id: 1\ndata: a\n\nid\ndata: b\n\n") == [message("a", id: "1"), message("b")])
    }

    @Test("the id of an event that was cut off does not count: its data never came")
    func cutOffIdentity() throws {
        var parser = EventStreamParser()
        let bytes = Array("id: 1\ndata: a\n\nid: 2\ndata: b\n".utf8)
        _ = try parser.receive(bytes.span)
        #expect(parser.lastEventID == "1")
    }

    @Test(
        "takes a retry of digits, and no other",
        arguments: [("250", 250), ("", nil), ("-1", nil), ("1s", nil), ("1.5", nil)]
    )
    func retry(_ text: String, _ expected: Int?) throws {
        var parser = EventStreamParser()
        let bytes = Array("retry: \(text)\n\n".utf8)
        _ = try parser.receive(bytes.span)
        #expect(parser.retryMilliseconds == expected)
    }

    @Test("refuses a line and an event that are larger than the bound")
    func tooLarge() throws {
        let error = EventStreamParser.EventTooLarge(limit: 20)
        #expect(try events("data: \(String(repeating: "a", count: 14))\n\n", limit: 20).count == 1)
        #expect(throws: error) { try events("data: \(String(repeating: "a", count: 15))", limit: 20) }
        let line = "data: 1234567890\n"
        #expect(throws: error) { try events(line + line + "\n", limit: 20) }
    }
}
