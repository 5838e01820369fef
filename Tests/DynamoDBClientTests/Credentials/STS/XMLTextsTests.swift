import Testing

@testable import DynamoDBClient

@Suite struct XMLTextsTests {
    private func read(_ text: String) throws -> XMLTexts { try XMLTexts(Array(text.utf8)) }

    @Test("finds texts by the innermost names, without prefixes, attributes, comments and the white space around")
    func texts() throws {
        let document = try read(
            """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- <Code>not this</Code> -->
            <s:Response xmlns:s="urn:a/>b" a='">'>
              <s:Other><Code>first</Code></s:Other>
              <Error  b = "1" ><Code> sec<!-- x -->ond\n</Code><Empty/><Blank> </Blank></Error >
            </s:Response>

            """
        )
        #expect(document["Error", "Code"] == "second")
        #expect(document["Code"] == "first")
        #expect(document["Response", "Other", "Code"] == "first")
        #expect(document["Empty"] == "")
        #expect(document["Blank"] == "")
        #expect(document["Missing"] == nil)
        #expect(document["Other", "Error", "Code"] == nil)
    }

    @Test("decodes references, and takes CDATA as it is")
    func references() throws {
        let document = try read("<a>&lt;b&gt; &amp;amp; &quot;&apos;&#65;&#x20AC;<![CDATA[ &lt;]]x> ]]>|</a>")
        #expect(document["a"] == "<b> &amp; \"'A€ &lt;]]x> |")
    }

    @Test(
        "refuses what is not a well-formed document",
        arguments: [
            "", " ", "text", "<a>", "<a></b>", "<a></a>x", "<a/><b/>", "</a>", "<a><b></a></b>", "<a", "<a b=\"></a>",
            "<>x</>",
            "<a>&unknown;</a>", "<a>&amp</a>", "<a>&#xD800;</a>", "<a>&#0;</a>", "<a>&#+65;</a>", "<a><!-- </a>",
            "<a><![CDATA[ </a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a <b></b></a>", "<?xml", "{\"a\": 1}",
        ]
    )
    func malformed(_ text: String) { #expect(throws: XMLTexts.Malformed.self) { try read(text) } }

    @Test("bounds depth and number of elements, and takes only UTF-8")
    func bounds() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(try read(nested(16))["a"] == "")
        #expect(throws: XMLTexts.Malformed.self) { try read(nested(17)) }
        func many(_ count: Int) -> String { "<r>" + String(repeating: "<a/>", count: count - 1) + "</r>" }
        #expect(try read(many(1_000))["a"] == "")
        #expect(throws: XMLTexts.Malformed.self) { try read(many(1_001)) }
        #expect(throws: XMLTexts.Malformed.self) { try XMLTexts([0x3C, 0x61, 0x3E, 0xFF, 0x3C, 0x2F, 0x61, 0x3E]) }
    }

    @Test("no cut and no changed byte of a response crashes the reader")
    func damage() {
        let whole = Array("<?xml v?><a b='c'><!--d--><e>&#x41;<![CDATA[f]]></e><g/></a>".utf8)
        for end in 0..<whole.count { #expect(throws: XMLTexts.Malformed.self) { try XMLTexts(Array(whole[..<end])) } }
        for index in whole.indices {
            for byte in [0, 0x26, 0x2F, 0x3C, 0x3E, 0x5D, 0xFF] as [UInt8] {
                var damaged = whole
                damaged[index] = byte
                _ = try? XMLTexts(damaged)
            }
        }
    }
}
