import Testing

@testable import HTTPServer

@Suite struct HTTPFieldsTests {
    @Test("writes fields as they go on the wire")
    func bytes() {
        var fields = HTTPFields()
        fields.add("Content-Type", "text/plain")
        fields.add("X-Text", "é ~")
        #expect(String(decoding: fields.bytes, as: UTF8.self) == "Content-Type: text/plain\r\nX-Text: é ~\r\n")
        #expect(fields.contains("content-type"))
        #expect(!fields.contains("content"))
    }

    @Test("the last Vary has all names, and the first stays as it was")
    func vary() {
        var fields = HTTPFields()
        fields.vary(on: "Origin")
        #expect(String(decoding: fields.bytes, as: UTF8.self) == "Vary: Origin\r\n")
        fields.add("ETag", "\"Vary: \"")
        fields.vary(on: "Accept")
        let both = "Vary: Origin\r\nETag: \"Vary: \"\r\nVary: Origin, Accept\r\n"
        #expect(String(decoding: fields.bytes, as: UTF8.self) == both)
    }

    @Test("M35: leaves Date, Content-Length, Transfer-Encoding and Connection to the server")
    func serversFields() {
        var fields = HTTPFields()
        fields.add("Date", "today")
        fields.add("content-length", "3")
        fields.add("Transfer-Encoding", "chunked")
        fields.add("Connection", "close")
        #expect(fields.bytes.isEmpty)
    }

    @Test("M39: traps on a value that would end the field")
    func splitting() async {
        await #expect(processExitsWith: .failure) {
            var fields = HTTPFields()
            fields.add("Location", "/x\r\nSet-Cookie: a=b")
        }
        await #expect(processExitsWith: .failure) {
            var fields = HTTPFields()
            fields.add("X", "a\u{0}b")
        }
    }
}
