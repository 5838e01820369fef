import Testing

@testable import Basics

@Suite struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test(
        "strings are escaped only where RFC 8259 says so",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("\"\\/", #""\"\\/""#), ("\n\r\t\u{8}\u{c}", #""\n\r\t\b\f""#),
            ("\u{0}\u{1f}\u{b}", #""\u0000\u001f\u000b""#), ("\u{7f}é😀\u{2028}", "\"\u{7f}é😀\u{2028}\""),
        ]
    )
    func strings(value: String, expected: String) {
        #expect(text { $0.string(value) } == expected)
        var output = Array("text:".utf8)
        JSONWriter.append(value, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "text:" + expected)
    }

    @Test("integers are written whole, the extremes too", arguments: [0, 7, -7, 1_000_000, Int64.max, Int64.min])
    func integers(value: Int64) { #expect(text { $0.integer(value) } == String(value)) }

    @Test("commas stand between members and between elements, and nowhere else")
    func commas() {
        let object = JSONWriter.object { json in
            json.member("text", "a")
            json.member("nothing", nil as String?)
            json.member("number", 1)
            json.member("none", nil as Int64?)
            json.member("flag", true)
            json.member("raw", raw: "1.5")
            json.object("empty") { _ in }
            json.object("of", of: 3) { $0.member("value", $1) }
            json.object("missing", of: nil as Int?) { $0.member("value", $1) }
            json.array("list", [1, 2]) { json, element in json.object { $0.member("at", element) } }
            json.array("strings", ["a", "b"]) { $0.string($1) }
            json.array("nobody", [String]()) { $0.string($1) }
            json.member("last", false)
        }
        #expect(
            String(decoding: object, as: UTF8.self)
                == #"{"text":"a","nothing":null,"number":1,"none":null,"flag":true,"raw":1.5,"empty":{},"of":{"value":3},"#
                + #""missing":null,"list":[{"at":1},{"at":2}],"strings":["a","b"],"nobody":[],"last":false}"#
        )
    }

    @Test("a text may be written in pieces, and hold what others wrote")
    func pieces() {
        var json = JSONWriter()
        json.endArray()
        json.bytes += Array(#","more":1"#.utf8)
        json.member("last", nil as String?)
        json.endObject()
        #expect(String(decoding: json.bytes, as: UTF8.self) == #"],"more":1,"last":null}"#)
    }
}
