import TableModel
import Testing

@Suite struct JSONReaderTests {
    @Test(
        "strings decode with every escape",
        arguments: [
            (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00x""#, "😀x"), (#""é€😀""#, "é€😀"), (#""\u0000""#, "\u{0}"),
            (#""0123456789abcdef\n""#, "0123456789abcdef\n"), (#""1234567\"""#, "1234567\""),
            ("\"\u{7f}\u{2028}\"", "\u{7f}\u{2028}"),
        ]
    )
    func strings(json: String, expected: String) throws {
        #expect(try reading(json) { json in try json.readString() } == expected)
    }

    @Test(
        "strings that are not valid are refused",
        arguments: [
            #"""#, #""a"#, #""\"#, #""\x""#, #""\u12""#, #""\u12G4""#, #""\ud83d""#, #""\ud83d\u0041""#, #""\ude00""#,
            #""\ud83dx""#,
            "\"\n\"", "\"a\u{1}\"", "\"\t\"", "'a'", "a",
        ]
    )
    func badStrings(json: String) {
        #expect(throws: JSONError.self) { try reading(json) { json in try json.readString() } }
        #expect(throws: JSONError.self) { try reading(json) { json in try json.skipValue() } }
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x82, 0x41], [0xF0, 0x9F, 0x98, 0x41],
        ]
    )
    func invalidUTF8(bytes: [UInt8]) {
        for padding in 0..<10 {
            let text = [0x22] + Array(repeating: 0x61, count: padding) + bytes + [0x22]
            #expect(throws: JSONError.self) { try reading(text) { json in try json.readString() } }
        }
    }

    @Test("every scalar's UTF-8 is accepted, raw and escaped")
    func allScalars() throws {
        for value in stride(from: UInt32(0x20), through: 0x10FFFF, by: 97) {
            guard let scalar = Unicode.Scalar(value), value != 0x22, value != 0x5C else { continue }
            let text = String(Character(scalar))
            #expect(try reading("\"\(text)\"") { json in try json.readString() } == text)
            let escaped = text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
            #expect(try reading("\"\(escaped)\"") { json in try json.readString() } == text)
        }
    }

    @Test("integers are exact over all of Int64, and nothing else is one")
    func integers() throws {
        for value in [0, 1, -1, Int64.max, Int64.min] {
            #expect(try reading("\(value)") { json in try json.readInteger() } == value)
        }
        for text in ["", "1.0", "1e3", "9223372036854775808", "+1", "01", "-", "\"1\"", "1 2", "--1"] {
            #expect(throws: JSONError.self) { try reading(text) { json in try json.readInteger() } }
        }
    }

    @Test(
        "doubles are read by JSON's grammar",
        arguments: [("1.7e9", 1.7e9), ("1450107960.25", 1450107960.25), ("-0.5", -0.5), ("3", 3)]
    )
    func doubles(text: String, expected: Double) throws {
        #expect(try reading(text) { json in try json.readDouble() } == expected)
    }

    @Test("what is no double is refused", arguments: ["1e999", ".5", "5.", "NaN", "Infinity", "0x10", "", "01.5"])
    func badDoubles(text: String) {
        #expect(throws: JSONError.self) { try reading(text) { json in try json.readDouble() } }
    }

    @Test("members and elements are read in order, and values not asked for are skipped")
    func walk() throws {
        var names: [String] = []
        var numbers: [Int64] = []
        var isNull = false
        try reading(#"{"a":[1,2,3],"skip":{"x":[true,null,{"y":"\u0041"}],"z":-1.5e-3},"n":null,"e":[],"o":{}}"#) {
            json in
            try json.beginObject()
            while let name = try json.nextMember() {
                names.append(name.text)
                switch name {
                case "a":
                    try json.beginArray()
                    while try json.nextElement() { numbers.append(try json.readInteger()) }
                case "n": isNull = try json.readNull()
                default: try json.skipValue()
                }
            }
        }
        #expect(names == ["a", "skip", "n", "e", "o"])
        #expect(numbers == [1, 2, 3])
        #expect(isNull)
    }

    @Test("names are compared by their decoded bytes")
    func names() throws {
        var matches: [Bool] = []
        // The third is KELVIN SIGN, which String takes for the letter K.
        try reading(#"{"Keys":1,"\u004beys":1,"\u212aeys":1,"Key":1,"Keysx":1,"":1,"a/b":1,"a\/b":1}"#) { json in
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "Keys", "a/b": matches.append(true)
                default: matches.append(false)
                }
                try json.skipValue()
            }
        }
        #expect(matches == [true, true, false, false, false, false, true, true])
    }

    @Test("containers end where they are empty, whatever is nested in them")
    func emptyContainers() throws {
        var count = 0
        try reading(#"[{},[],{"a":{}},[[]],{"b":[{}]}]"#) { json in
            try json.beginArray()
            while try json.nextElement() {
                try json.skipValue()
                count += 1
            }
        }
        #expect(count == 5)
    }

    @Test(
        "an error says where it was, with the same words for each way of reading",
        arguments: [
            (#"[1}"#, "expected an object", 0), (#"{1}"#, "expected a string", 1), (#"{"a" 1}"#, "expected :", 5),
            (#"{"a":1]"#, "expected , or }", 6), (#"{"a":1,}"#, "expected a string", 7),
            (#"{"a":1"#, "expected , or }, found the end", 6), (#"{"#, "expected a string, found the end", 1),
        ]
    )
    func memberErrors(text: String, reason: String, offset: Int) {
        let error = #expect(throws: JSONError.self) {
            try reading(text) { json in
                try json.beginObject()
                while try json.nextMember() != nil { try json.skipValue() }
            }
        }
        #expect(error == JSONError(reason, offset: offset))
    }

    @Test(
        "structures that are not JSON are refused when skipped",
        arguments: [
            "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1",
            "{\"a\":1,", "{\"a\":1,}", "{a:1}",
            "{1:1}", "tru", "nul", "falsey", "TRUE", "[1]x", "1 1", "\u{feff}1", "//", "[\u{b}1]",
        ]
    )
    func badStructures(text: String) {
        #expect(throws: JSONError.self) { try reading(text) { json in try json.skipValue() } }
    }

    @Test("nesting is bounded, and an error says where")
    func depthAndOffset() throws {
        let deep = String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
        #expect(throws: Never.self) {
            try reading(deep, maximumDepth: 20) { json in try json.skipValue() }
        }
        let error = #expect(throws: JSONError.self) {
            try reading(deep, maximumDepth: 19) { json in try json.skipValue() }
        }
        #expect(error == JSONError("nested deeper than 19 levels", offset: 20))
        let comma = #expect(throws: JSONError.self) {
            try reading("[1 2]") { json in try json.skipValue() }
        }
        #expect(comma == JSONError("expected , or ]", offset: 3))
    }

    @Test("peek names the next value and leaves it there")
    func peek() throws {
        try reading("  [ 1 ]") { json in
            let first = try json.peek()
            #expect(first == UInt8(ascii: "["))
            try json.skipValue()
            let end = try json.peek()
            #expect(end == nil)
        }
    }
}
