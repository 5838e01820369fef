import Basics
import Testing

@Suite struct DigitsTests {
    @Test("reads digits and nothing else, up to 18 of them")
    func reads() {
        #expect(Digits.number("0".utf8) == 0)
        #expect(Digits.number("007".utf8) == 7)
        #expect(Digits.number("999999999999999999".utf8) == 999_999_999_999_999_999)
        for text in ["", "+5", "-5", " 5", "5 ", "5.0", "x", "/", ":", "1000000000000000000"] {
            #expect(Digits.number(text.utf8) == nil, "\(text)")
        }
    }

    @Test("options have up to 12 digits")
    func options() {
        #expect(Digits.integer("999999999999") == 999_999_999_999)
        for text in ["", "+5", "5s", "1000000000000"] { #expect(Digits.integer(text) == nil, "\(text)") }
    }

    @Test("writes the extremes", arguments: [0, 9, 10, UInt64(Int64.max), .max])
    func writes(number: UInt64) {
        var output = Array("n".utf8)
        Digits.append(number, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "n\(number)")
    }
}
