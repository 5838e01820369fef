import Basics
import TableModel
import Testing

@Suite struct JSONValuesTests {
    private func text(_ body: (inout [UInt8]) -> Void) -> String {
        var output: [UInt8] = []
        body(&output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test("single values have both forms, and the typed one reads back", arguments: 0..<4 as Range<UInt64>)
    func values(seed: UInt64) throws {
        var random = RandomValues(seed: 70 + seed)
        for _ in 0..<200 {
            let value = random.value()
            let typed = text { JSONWriter.appendDynamoDB(value, to: &$0) }
            #expect(try reading(typed) { json in try json.readAttributeValue() } == value)
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
