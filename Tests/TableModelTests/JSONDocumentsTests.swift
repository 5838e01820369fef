import TableModel
import Testing

@Suite struct JSONDocumentsTests {
    private func integer(_ text: String, maximumDepth: Int = 96) -> Int64? {
        try? JSONReader.read(Array(text.utf8), maximumDepth: maximumDepth) { json throws(JSONError) in
            try json.readInteger()
        }
    }

    @Test("a document is one value, with nothing behind it but white space")
    func whole() {
        #expect(integer("7") == 7)
        #expect(integer(" 7 \n") == 7)
        #expect(integer("7 8") == nil)
        #expect(integer("7,") == nil)
        #expect(integer("") == nil)
        #expect(integer("x") == nil)
    }

    @Test("a document nests no deeper than it may")
    func depth() {
        func isRead(_ text: String, maximumDepth: Int) -> Bool {
            let result: Void? = try? JSONReader.read(Array(text.utf8), maximumDepth: maximumDepth) {
                json throws(JSONError) in try json.skipValue()
            }
            return result != nil
        }
        #expect(isRead("[[1]]", maximumDepth: 2))
        #expect(!isRead("[[[1]]]", maximumDepth: 2))
    }
}
