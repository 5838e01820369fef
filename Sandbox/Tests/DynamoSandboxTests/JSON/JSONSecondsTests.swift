import Basics
import Testing

@testable import DynamoSandbox

@Suite struct JSONSecondsTests {
    @Test("times are seconds with three decimals", arguments: [(1_700_000_000_007, "1700000000.007"), (0, "0.000")])
    func seconds(milliseconds: Int64, text: String) {
        let object = JSONWriter.object { $0.member("at", seconds: milliseconds) }
        #expect(String(decoding: object, as: UTF8.self) == #"{"at":\#(text)}"#)
    }
}
