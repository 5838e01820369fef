import TableModel
import Testing

@Suite struct JSONWriterTests {
    private func text(_ body: (inout [UInt8]) -> Void) -> String {
        var output: [UInt8] = []
        body(&output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        "strings are escaped only where RFC 8259 says so",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("\"\\/", #""\"\\/""#), ("\n\r\t\u{8}\u{c}", #""\n\r\t\b\f""#),
            ("\u{0}\u{1f}\u{b}", #""\u0000\u001f\u000b""#), ("\u{7f}é😀\u{2028}", "\"\u{7f}é😀\u{2028}\""),
        ]
    )
    func strings(value: String, expected: String) {
        #expect(text { JSONWriter.append(value, to: &$0) } == expected)
    }

    @Test("integers are written whole, the extremes too", arguments: [0, 7, -7, 1_000_000, Int64.max, Int64.min])
    func integers(value: Int64) { #expect(text { JSONWriter.append(value, to: &$0) } == String(value)) }

    @Test("single values have both forms, and the typed one reads back", arguments: 0..<4 as Range<UInt64>)
    func values(seed: UInt64) throws {
        var random = RandomValues(seed: 70 + seed)
        for _ in 0..<200 {
            let value = random.value()
            let typed = text { JSONWriter.appendDynamoDB(value, to: &$0) }
            #expect(try reading(typed) { json throws(JSONError) in try json.readAttributeValue() } == value)
            let plain = text { JSONWriter.appendPlain(value, to: &$0) }
            #expect(plainJSON(Item(["v": value])) == "{\"v\":\(plain)}")
        }
    }

    @Test("numbers can be written as strings")
    func numberStyle() {
        #expect(text { JSONWriter.appendPlain(.list([.number("1.0")]), to: &$0) } == "[1.0]")
        #expect(text { JSONWriter.appendPlain(.list([.number("1.0")]), numbers: .string, to: &$0) } == #"["1.0"]"#)
    }
}
